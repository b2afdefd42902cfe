# The function that rotates the applications' passwords: `make lambda` in pgtenant's repository makes its
# package. Secrets Manager calls it, and an apply that deploys it is the approval for what it does.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  name      = "${var.prefix}-${var.environment}-password-rotation"
  log_group = "/aws/lambda/${local.name}"

  account = join(":", [data.aws_region.current.name, data.aws_caller_identity.current.account_id])
  # Spelled out, and the log's in its role as well, to be known before the function is there: a plan asks whether there is one.
  function_arn = "arn:${data.aws_partition.current.partition}:lambda:${local.account}:function:${local.name}"
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_50:There is nothing to trace: the log has each step with its outcome and its duration.
  # checkov:skip=CKV_AWS_116:Secrets Manager repeats what failed, and a failure raises the alarm.
  # checkov:skip=CKV_AWS_173:The variables hold names and hosts, no secret; Lambda encrypts them with a key of its own.
  # checkov:skip=CKV_AWS_272:The package is pinned by its hash.
  function_name = local.name
  description   = "Rotate the database passwords of ${var.environment}"
  role          = aws_iam_role.this.arn

  runtime       = "python3.12"
  architectures = [var.architecture]
  handler       = "pgtenant.rotation.handler.lambda_handler"

  filename          = var.package.file
  s3_bucket         = var.package.bucket
  s3_key            = var.package.key
  s3_object_version = var.package.version
  source_code_hash  = var.package.file == null ? var.package.sha256 : filebase64sha256(var.package.file)

  memory_size = 512
  timeout     = 120
  # Each rotation takes up to three connections, and they tend to become due on the same day.
  reserved_concurrent_executions = var.concurrency

  vpc_config {
    subnet_ids         = var.subnet_ids
    security_group_ids = [aws_security_group.function.id]
  }

  environment {
    variables = merge(
      {
        PGTENANT_ENVIRONMENT                 = var.environment
        PGTENANT_SECRETS_ADMIN               = var.admin_secret_arn
        PGTENANT_SECRETS_APP                 = "${var.prefix}/{env}/{entry}/postgres"
        PGTENANT_SERVER_MAINTENANCE_DATABASE = var.maintenance_database
        PGTENANT_SERVER_SSLMODE              = "verify-full"
        PGTENANT_SERVER_SSLROOTCERT          = var.sslrootcert
      },
      {
        for endpoint in aws_vpc_endpoint.secrets : "AWS_ENDPOINT_URL_SECRETS_MANAGER" =>
        "https://${endpoint.dns_entry[0].dns_name}"
      },
    )
  }

  # The group first, or Lambda makes one that keeps the log for ever.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}

# Which secrets it may rotate, its role says: a source_arn here would be one secret's.
resource "aws_lambda_permission" "secrets_manager" {
  statement_id   = "SecretsManagerOfThisAccount"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "secretsmanager.amazonaws.com"
  source_account = data.aws_caller_identity.current.account_id
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158:The log names secrets and holds none; CloudWatch encrypts it with a key of its own.
  name              = local.log_group
  retention_in_days = var.log_retention_days
}

# A password whose rotation failed goes on working until somebody looks: this is how they hear of it.
# A throttled call is no error of the function's: it was never run.
resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { errors = "Errors", throttles = "Throttles" }

  alarm_name        = "${local.name}-${each.key}"
  alarm_description = "A rotation of a database password in ${var.environment} failed (${each.key}): see ${aws_cloudwatch_log_group.this.name}"

  namespace   = "AWS/Lambda"
  metric_name = each.value
  dimensions  = { FunctionName = aws_lambda_function.this.function_name }

  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = var.alarm_topic_arns
  ok_actions    = var.alarm_topic_arns
}

check "somebody_hears_of_a_failure" {
  assert {
    condition     = length(var.alarm_topic_arns) > 0
    error_message = "The alarms of the password rotation in ${var.environment} tell nobody: name a topic in alarm_topic_arns."
  }
}
