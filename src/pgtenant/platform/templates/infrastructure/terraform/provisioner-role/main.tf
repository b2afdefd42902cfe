# The IRSA role of the Job that runs pgtenant: it reads this environment's secrets, and nothing else.
# What it may do in PostgreSQL is the business of the login that the admin's secret holds.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = ["system:serviceaccount:${var.namespace}:${var.service_account}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

locals {
  issuer = split("oidc-provider/", var.oidc_provider_arn)[1]
}

data "aws_region" "current" {}

resource "aws_iam_role" "this" {
  name               = "${var.prefix}-${var.environment}-platform-provisioner"
  description        = "Provision databases in ${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "admin" {
  statement {
    sid       = "ReadTheAdminsSecret"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    resources = [var.admin_secret_arn]
  }

  statement {
    sid       = "DecryptItThroughSecretsManager"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${data.aws_region.current.name}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "admin" {
  name   = "read-the-admins-secret"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.admin.json
}

resource "aws_iam_role_policy_attachment" "applications" {
  role       = aws_iam_role.this.name
  policy_arn = var.environment_reader_policy_arn
}
