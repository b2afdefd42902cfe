# The shared PostgreSQL of one environment: its own state, its own life, no cluster's.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  identifier    = "${var.prefix}-platform-db-${var.environment}"
  is_production = coalesce(var.production, var.environment == "prod")
  major         = split(".", var.engine_version)[0]

  instance_class        = coalesce(var.instance_class, local.is_production ? "db.r5.large" : "db.t3.medium")
  multi_az              = coalesce(var.multi_az, local.is_production)
  allocated_storage     = coalesce(var.allocated_storage, local.is_production ? 100 : 20)
  max_allocated_storage = coalesce(var.max_allocated_storage, local.is_production ? 500 : 100)

  retention_days_by_risk = {
    none   = 7
    low    = 7
    medium = 14
    high   = 35
    access = 35
  }
  # All tenants share the instance's backups: the strictest entry decides, and prod keeps two weeks.
  backup_retention_days = max(concat(
    [for risk in var.application_risks : local.retention_days_by_risk[risk]],
    [local.is_production ? 14 : 7, coalesce(var.backup_retention_days, 0)],
  )...)
}

data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109:A key's own policy: "*" is this key, and IAM decides who in the account may use it.
  # checkov:skip=CKV_AWS_111:The same.
  # checkov:skip=CKV_AWS_356:The same.
  statement {
    sid       = "LeaveItToTheAccountsPolicies"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type = "AWS"
      identifiers = [join("", [
        "arn:", data.aws_partition.current.partition, ":iam::", data.aws_caller_identity.current.account_id, ":root",
      ])]
    }
  }
}

resource "aws_kms_key" "database" {
  description             = "Storage and Performance Insights of ${local.identifier}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "database" {
  name          = "alias/${local.identifier}"
  target_key_id = aws_kms_key.database.key_id
}

data "aws_iam_policy_document" "monitoring_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "monitoring" {
  name               = "${local.identifier}-monitoring"
  description        = "Enhanced Monitoring of ${local.identifier}"
  assume_role_policy = data.aws_iam_policy_document.monitoring_trust.json
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_133:Backups are kept 7 days at least; checkov can't work out the maximum, tests/rds.tftest.hcl does.
  # checkov:skip=CKV_AWS_226:Minors come by themselves, except where the version names one; AWS refuses to go back to it.
  # checkov:skip=CKV_AWS_157:Multi-AZ in prod; elsewhere an outage of a zone may last, for half the price.
  identifier = local.identifier

  engine                      = "postgres"
  engine_version              = var.engine_version
  auto_minor_version_upgrade  = !strcontains(var.engine_version, ".")
  allow_major_version_upgrade = var.allow_major_version_upgrade
  instance_class              = local.instance_class
  multi_az                    = local.multi_az
  parameter_group_name        = aws_db_parameter_group.this.name
  ca_cert_identifier          = var.ca_cert_identifier

  db_name                             = var.database_name
  username                            = var.master_username
  password_wo                         = ephemeral.aws_secretsmanager_random_password.master.random_password
  password_wo_version                 = local.master_version
  iam_database_authentication_enabled = true

  storage_type          = "gp3"
  allocated_storage     = local.allocated_storage
  max_allocated_storage = local.max_allocated_storage
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.database.arn

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = compact([aws_security_group.this.id, var.rds_security_group_id])
  publicly_accessible    = false
  port                   = var.port

  backup_retention_period   = local.backup_retention_days
  backup_window             = "03:00-04:00" # UTC
  maintenance_window        = "sun:04:00-sun:05:00"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  skip_final_snapshot       = false
  final_snapshot_identifier = "${local.identifier}-final"
  deletion_protection       = var.deletion_protection
  apply_immediately         = var.apply_immediately

  performance_insights_enabled          = true
  performance_insights_retention_period = 7
  performance_insights_kms_key_id       = aws_kms_key.database.arn
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  lifecycle {
    prevent_destroy = true

    precondition {
      condition     = local.max_allocated_storage > local.allocated_storage
      error_message = "max_allocated_storage has to be more than allocated_storage, or the storage can't grow."
    }
  }

  depends_on = [aws_iam_role_policy_attachment.monitoring]
}
