# What the function may do: rotate this environment's applications' secrets, read the admin's.

locals {
  # Secrets Manager ends every ARN in a hyphen and six characters.
  secrets = join("", [
    "arn:${data.aws_partition.current.partition}:secretsmanager:${local.account}:secret:",
    "${var.prefix}/${var.environment}/*/postgres-??????",
  ])
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = local.name
  description        = "Rotate database passwords in ${var.environment}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "this" {
  # checkov:skip=CKV_AWS_111:Network interfaces have no name before Lambda makes them; the code itself may make none.
  # checkov:skip=CKV_AWS_356:The same.
  statement {
    sid = "RotateWhatIsSetUpForThisFunction"
    actions = [
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:PutSecretValue",
      "secretsmanager:UpdateSecretVersionStage",
    ]
    resources = [local.secrets]

    condition {
      test     = "StringEquals"
      variable = "secretsmanager:resource/AllowRotationLambdaArn"
      values   = [local.function_arn]
    }
  }

  statement {
    sid       = "ReadTheAdminsSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.admin_secret_arn]
  }

  statement {
    sid       = "UseTheirKeyThroughSecretsManager"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${data.aws_region.current.name}.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:SecretARN"
      values   = [local.secrets, var.admin_secret_arn]
    }
  }

  statement {
    sid       = "WriteItsLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${data.aws_partition.current.partition}:logs:${local.account}:log-group:${local.log_group}:*"]
  }

  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  statement {
    sid       = "LetLambdaPutItIntoTheNetwork"
    actions   = local.network_actions
    resources = ["*"]
  }

  statement {
    sid       = "NotTheCodeItself"
    effect    = "Deny"
    actions   = local.network_actions
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "lambda:SourceFunctionArn"
      values   = [local.function_arn]
    }
  }
}

locals {
  network_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
}

resource "aws_iam_role_policy" "this" {
  name   = "rotate-database-passwords"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}
