# The master's secret. Its password is made anew in each run and written only when a version below
# changes: it is in no state, in no plan file and in no output.

resource "aws_kms_key" "secrets" {
  description             = "Database secrets of ${var.prefix} in ${var.environment}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "secrets" {
  name          = "alias/${var.prefix}-${var.environment}-database-secrets"
  target_key_id = aws_kms_key.secrets.key_id
}

ephemeral "aws_secretsmanager_random_password" "master" {
  password_length            = 40
  exclude_punctuation        = true
  require_each_included_type = true
}

locals {
  master_login = {
    engine   = "postgres"
    username = var.master_username
    host     = try(coalesce(var.secret_endpoint.host), aws_db_instance.this.address)
    port     = try(coalesce(var.secret_endpoint.port), aws_db_instance.this.port)
    dbname   = var.database_name
  }

  # The instance and the secret have to change in the same run, for both to get the same password.
  # So whatever rewrites the secret gives the instance its new password too.
  master_version = parseint(substr(sha256(jsonencode([
    local.identifier, var.port, var.database_name, var.master_username, var.secret_endpoint,
    var.master_password_generation,
  ])), 0, 12), 16)

  # A replaced instance was made with a new password, and has a new resource_id.
  master_secret_version = parseint(substr(sha256(jsonencode([
    local.master_version, aws_db_instance.this.resource_id,
  ])), 0, 12), 16)
}

resource "aws_secretsmanager_secret" "master" {
  # checkov:skip=CKV2_AWS_57:The master is for `pgtenant bootstrap` and emergencies; it gets a new password with master_password_generation.
  name                    = "${var.prefix}/${var.environment}/rds/master"
  description             = "Master of ${local.identifier}"
  kms_key_id              = aws_kms_key.secrets.arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "master" {
  secret_id                = aws_secretsmanager_secret.master.id
  secret_string_wo_version = local.master_secret_version

  secret_string_wo = jsonencode(merge(local.master_login, {
    password = ephemeral.aws_secretsmanager_random_password.master.random_password
  }))

  # See app-secrets: labels that survive rotations, and are never moved back.
  version_stages = ["AWSCURRENT", "TERRAFORM"]

  lifecycle {
    ignore_changes = [version_stages]
  }
}
