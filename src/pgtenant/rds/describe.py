"""`DescribeDBInstances` and `DescribeDBParameters`: two calls that read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pgtenant.rds.endpoint import Place
from pgtenant.verify.acceptance.found import RdsInstance, Unknown

if TYPE_CHECKING:
    from types_boto3_rds import RDSClient

_TIMEOUT: Final = 10.0  # seconds, for a connection and for an answer
_ATTEMPTS: Final = 4
_MOST_TEXT: Final = 300


async def describe(place: Place) -> RdsInstance | Unknown:
    """Ask AWS about an instance and its parameters.

    Region (where the place has none), credentials and endpoint are found by boto3.

    Args:
        place: which instance.

    Returns:
        What it says, or why it can't be asked; the parameters may be unknown alone.
    """
    return await asyncio.to_thread(_describe, place)


def _describe(place: Place) -> RdsInstance | Unknown:
    try:
        client = _new_client(place.region)
    except ImportError:
        return Unknown("asking AWS needs boto3: pip install 'pgtenant[aws]'")
    except Exception as error:  # botocore lets ValueError and more escape
        return _unknown("AWS can't be asked", error)
    try:
        answer = client.describe_db_instances(DBInstanceIdentifier=place.identifier)
    except Exception as error:
        return _unknown(f"DescribeDBInstances {place.identifier}", error)
    found = answer["DBInstances"]
    if len(found) != 1:
        return Unknown(f"DescribeDBInstances {place.identifier}: {len(found)} instances")
    return _read(client, found[0])


def _read(client: RDSClient, told: Mapping[str, Any]) -> RdsInstance:
    groups = told.get("DBParameterGroups") or [{}]
    group = groups[0].get("DBParameterGroupName")
    insights = told.get("PerformanceInsightsEnabled")
    if insights:
        insights = told.get("PerformanceInsightsRetentionPeriod")
    elif insights is not None:
        insights = 0
    # What a cluster decides for its members, each of them says no to.
    alone = not told.get("DBClusterIdentifier")
    return RdsInstance(
        identifier=told["DBInstanceIdentifier"],
        endpoint=(told.get("Endpoint") or {}).get("Address"),
        engine=told.get("Engine"),
        engine_version=told.get("EngineVersion"),
        instance_class=told.get("DBInstanceClass"),
        multi_az=told.get("MultiAZ") if alone else None,
        backup_days=told.get("BackupRetentionPeriod"),
        backup_window=told.get("PreferredBackupWindow"),
        encrypted=told.get("StorageEncrypted"),
        kms_key=told.get("KmsKeyId"),
        parameter_group=group,
        parameter_status=groups[0].get("ParameterApplyStatus"),
        deletion_protection=told.get("DeletionProtection") if alone else None,
        performance_insights=insights,
        monitoring_interval=told.get("MonitoringInterval"),
        public=told.get("PubliclyAccessible"),
        parameters=_parameters(client, group),
    )


def _parameters(client: RDSClient, group: str | None) -> Mapping[str, str] | Unknown:
    if group is None:
        return Unknown("no parameter group is attached")
    try:
        pages = client.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=group)
        return {
            one["ParameterName"]: one["ParameterValue"]
            for page in pages
            for one in page["Parameters"]
            if "ParameterValue" in one
        }
    except Exception as error:  # botocore lets ValueError and more escape
        return _unknown(f"DescribeDBParameters {group}", error)


def _new_client(region: str | None) -> RDSClient:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_TIMEOUT,
        read_timeout=_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    session = boto3.Session()
    # boto3 alone among AWS's SDKs does not know AWS_REGION.
    region = region or session.region_name or os.environ.get("AWS_REGION")
    return session.client("rds", region_name=region, config=config)


def _unknown(doing: str, error: Exception) -> Unknown:
    said = " ".join("".join(c if c.isprintable() else " " for c in str(error)).split())
    return Unknown(f"{doing}: {said or type(error).__name__}"[:_MOST_TEXT])
