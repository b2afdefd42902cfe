# Who may read what: a policy for the environment and one for each application, for IRSA roles.
# No policy reaches beyond its environment.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_secretsmanager_secret" "named" {
  for_each = local.named

  name = each.value.secret
}

locals {
  secret_arns = merge(
    { for key, secret in aws_secretsmanager_secret.app : key => secret.arn },
    { for key, secret in data.aws_secretsmanager_secret.named : key => secret.arn },
  )

  # Secrets Manager ends every ARN in a hyphen and six characters.
  environment_arn = join(":", [
    "arn", data.aws_partition.current.partition, "secretsmanager", data.aws_region.current.name,
    data.aws_caller_identity.current.account_id, "secret",
    "${var.prefix}/${var.environment}/*/postgres-??????",
  ])
  secrets_service = "secretsmanager.${data.aws_region.current.name}.amazonaws.com"
}

data "aws_iam_policy_document" "environment" {
  statement {
    sid       = "ReadApplicationSecrets"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    resources = concat([local.environment_arn], values(data.aws_secretsmanager_secret.named)[*].arn)
  }

  statement {
    sid       = "DecryptThemThroughSecretsManager"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.secrets_service]
    }
  }
}

resource "aws_iam_policy" "environment" {
  name        = "${var.prefix}-${var.environment}-database-secrets-reader"
  description = "Read the database secrets of every application in ${var.environment}"
  policy      = data.aws_iam_policy_document.environment.json
}

data "aws_iam_policy_document" "application" {
  for_each = local.entries

  statement {
    sid       = "ReadItsSecret"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    resources = [local.secret_arns[each.key]]
  }

  statement {
    sid       = "DecryptItThroughSecretsManager"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [local.secrets_service]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SecretARN"
      values   = [local.secret_arns[each.key]]
    }
  }
}

resource "aws_iam_policy" "application" {
  for_each = local.entries

  name        = "${var.prefix}-${var.environment}-${each.key}-database-secret-reader"
  description = "Read the database secret of ${each.key} in ${var.environment}"
  policy      = data.aws_iam_policy_document.application[each.key].json
}
