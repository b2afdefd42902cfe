# terraform -chdir=infrastructure/terraform/rds test
#
# Only plans; what they ask AWS for is overridden, but for one call that makes nothing and that
# Terraform 1.11 can't mock: GetRandomPassword. AWS_ENDPOINT_URL can send it to a fake.

provider "aws" {
  region                      = "eu-west-2"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  prefix              = "gp"
  environment         = "dev"
  vpc_id              = "vpc-1"
  database_subnet_ids = ["subnet-1", "subnet-2"]
}

run "dev_is_small" {
  command = plan

  assert {
    condition     = aws_db_instance.this.identifier == "gp-platform-db-dev"
    error_message = "identifier"
  }
  assert {
    condition     = aws_db_instance.this.instance_class == "db.t3.medium" && !aws_db_instance.this.multi_az
    error_message = "instance class and Multi-AZ"
  }
  assert {
    condition     = aws_db_instance.this.allocated_storage == 20 && aws_db_instance.this.max_allocated_storage == 100
    error_message = "storage"
  }
  assert {
    condition     = aws_db_instance.this.backup_retention_period == 7 && aws_db_instance.this.backup_window == "03:00-04:00"
    error_message = "backups"
  }
  assert {
    condition     = aws_db_instance.this.maintenance_window == "sun:04:00-sun:05:00"
    error_message = "maintenance"
  }
  assert {
    condition     = aws_db_instance.this.storage_type == "gp3" && aws_db_instance.this.storage_encrypted
    error_message = "encrypted gp3"
  }
  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.deletion_protection
    error_message = "never public, never deleted"
  }
  assert {
    condition = (
      aws_db_instance.this.performance_insights_enabled
      && aws_db_instance.this.performance_insights_retention_period == 7
      && aws_db_instance.this.monitoring_interval == 60
    )
    error_message = "monitoring"
  }
  assert {
    condition     = aws_kms_key.database.enable_key_rotation && aws_kms_key.secrets.enable_key_rotation
    error_message = "keys are rotated"
  }
  assert {
    condition     = aws_secretsmanager_secret.master.name == "gp/dev/rds/master"
    error_message = "the master's secret"
  }
  assert {
    condition = length(concat(
      keys(aws_vpc_security_group_ingress_rule.cluster), keys(aws_vpc_security_group_ingress_rule.peered),
      keys(aws_vpc_endpoint_service.privatelink), aws_route53_record.this,
    )) == 0
    error_message = "nobody is admitted whom nobody named"
  }
}

run "parameters" {
  command = plan

  variables {
    engine_version = "16.4"
  }

  assert {
    condition     = !aws_db_instance.this.auto_minor_version_upgrade
    error_message = "a minor that is named stays: AWS's upgrade would be taken back, which it refuses"
  }
  assert {
    condition     = aws_db_parameter_group.this.name == "gp-postgres16" && aws_db_parameter_group.this.family == "postgres16"
    error_message = "the group is the major's"
  }
  assert {
    condition = tomap({ for one in aws_db_parameter_group.this.parameter : one.name => one.value }) == tomap({
      "max_connections"            = "200"
      "shared_buffers"             = "{DBInstanceClassMemory/32768}"
      "work_mem"                   = "65536"
      "maintenance_work_mem"       = "524288"
      "rds.force_ssl"              = "1"
      "password_encryption"        = "scram-sha-256"
      "row_security"               = "1"
      "shared_preload_libraries"   = "pg_stat_statements"
      "pg_stat_statements.track"   = "all"
      "log_min_duration_statement" = "1000"
    })
    error_message = "parameters"
  }
}

run "prod_is_large" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = aws_db_instance.this.instance_class == "db.r5.large" && aws_db_instance.this.multi_az
    error_message = "instance class and Multi-AZ"
  }
  assert {
    condition     = aws_db_instance.this.allocated_storage == 100 && aws_db_instance.this.backup_retention_period == 14
    error_message = "storage and backups"
  }
}

run "a_smaller_dev" {
  command = plan

  variables {
    instance_class = "db.t3.micro"
  }

  assert {
    condition     = aws_db_instance.this.instance_class == "db.t3.micro"
    error_message = "the variable decides"
  }
}

run "the_strictest_risk_decides" {
  command = plan

  variables {
    application_risks = ["none", "medium", "low"]
  }

  assert {
    condition     = aws_db_instance.this.backup_retention_period == 14
    error_message = "medium keeps 14 days"
  }
}

run "prod_never_keeps_less_than_its_risks" {
  command = plan

  variables {
    environment           = "prod"
    application_risks     = ["low", "access"]
    backup_retention_days = 20
  }

  assert {
    condition     = aws_db_instance.this.backup_retention_period == 35
    error_message = "access keeps 35 days"
  }
}

run "federation" {
  command = plan

  variables {
    environment                = "eu-1"
    production                 = true
    cluster_security_group_ids = { eks = "sg-1" }
    peered_cidrs               = ["10.20.0.0/16"]
    rds_security_group_id      = "sg-2"
    private_dns                = { zone_id = "Z1", name = "db.internal" }
    privatelink = {
      allowed_principals = ["arn:aws:iam::210987654321:root"]
      target_ips         = ["10.0.0.10"]
    }
  }

  assert {
    condition     = aws_db_instance.this.instance_class == "db.r5.large" && aws_db_instance.this.multi_az
    error_message = "another production environment than prod"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.cluster["eks"].referenced_security_group_id == "sg-1"
    error_message = "the cluster"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.peered["10.20.0.0/16"].from_port == 5432
    error_message = "the peered range"
  }
  assert {
    condition     = aws_route53_record.this[0].type == "CNAME"
    error_message = "the record"
  }
  assert {
    condition     = aws_vpc_endpoint_service.privatelink["gp-platform-db-eu-1"].acceptance_required
    error_message = "the endpoint service"
  }
}

run "old_versions_are_refused" {
  command = plan

  variables {
    engine_version = "14.9"
  }

  expect_failures = [var.engine_version]
}

run "the_internet_is_refused" {
  command = plan

  variables {
    peered_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.peered_cidrs]
}

run "everybody_is_refused" {
  command = plan

  variables {
    privatelink = { allowed_principals = ["*"] }
  }

  expect_failures = [var.privatelink]
}

run "storage_that_cannot_grow_is_refused" {
  command = plan

  variables {
    allocated_storage = 100
  }

  expect_failures = [aws_db_instance.this]
}
