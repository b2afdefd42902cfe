# terraform -chdir=infrastructure/terraform/rotation test
#
# Only plans; what they ask AWS for is overridden, but the provider wants credentials, which may be false.

provider "aws" {
  region                      = "eu-west-2"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_resource {
  target          = aws_vpc_endpoint.secrets
  override_during = plan
  values          = { dns_entry = [{ dns_name = "vpce-1.secretsmanager.example.com", hosted_zone_id = "Z1" }] }
}

variables {
  prefix      = "gp"
  environment = "dev"
  package     = { bucket = "packages", key = "rotation.zip", sha256 = "c2hhMjU2" }

  vpc_id                     = "vpc-1"
  subnet_ids                 = ["subnet-1", "subnet-2"]
  database_security_group_id = "sg-database"

  admin_secret_arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:gp/dev/rds/master-AbCdEf"
  kms_key_arn      = "arn:aws:kms:eu-west-2:123456789012:key/1"
  alarm_topic_arns = ["arn:aws:sns:eu-west-2:123456789012:platform"]
}

run "the_function_is_pgtenants_in_the_network" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.handler == "pgtenant.rotation.handler.lambda_handler"
    error_message = "the entry point"
  }
  assert {
    condition     = aws_lambda_function.this.runtime == "python3.12" && aws_lambda_function.this.architectures == tolist(["x86_64"])
    error_message = "what the package is made for"
  }
  assert {
    condition     = aws_lambda_function.this.source_code_hash == "c2hhMjU2"
    error_message = "another package is another function"
  }
  assert {
    condition     = one(aws_lambda_function.this.vpc_config).subnet_ids == toset(["subnet-1", "subnet-2"])
    error_message = "in the subnets"
  }
  assert {
    condition     = one(aws_lambda_function.this.environment).variables["PGTENANT_SERVER_SSLMODE"] == "verify-full"
    error_message = "TLS"
  }
  assert {
    condition = (
      one(aws_lambda_function.this.environment).variables["AWS_ENDPOINT_URL_SECRETS_MANAGER"]
      == "https://vpce-1.secretsmanager.example.com"
    )
    error_message = "the endpoint's own name"
  }
  assert {
    condition     = !aws_vpc_endpoint.secrets["this"].private_dns_enabled
    error_message = "nobody else's calls come this way"
  }
  assert {
    condition     = output.function_arn == "arn:aws:lambda:eu-west-2:123456789012:function:gp-dev-password-rotation"
    error_message = "the function's own ARN, known to a plan"
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/${aws_lambda_function.this.function_name}"
    error_message = "the log that Lambda writes to"
  }
}

run "only_secrets_manager_of_this_account_may_call_it" {
  command = plan

  assert {
    condition = (
      aws_lambda_permission.secrets_manager.principal == "secretsmanager.amazonaws.com"
      && aws_lambda_permission.secrets_manager.source_account == "123456789012"
    )
    error_message = "who may call it"
  }
}

run "the_role_may_do_nothing_else" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Resource
      if startswith(flatten([statement.Action])[0], "secretsmanager:")
      ] == [
      "arn:aws:secretsmanager:eu-west-2:123456789012:secret:gp/dev/*/postgres-??????",
      var.admin_secret_arn,
    ]
    error_message = "this environment's applications' secrets, and the admin's"
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      statement.Condition.StringEquals["secretsmanager:resource/AllowRotationLambdaArn"] == output.function_arn
      if contains(flatten([statement.Action]), "secretsmanager:PutSecretValue")
    ])
    error_message = "of those, the ones that it is set up for"
  }
  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Action
      if statement.Resource == var.admin_secret_arn
    ] == ["secretsmanager:GetSecretValue"]
    error_message = "the admin's is only read"
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : (
        statement.Condition.StringEquals["kms:ViaService"] == "secretsmanager.eu-west-2.amazonaws.com"
        && length(statement.Condition.StringLike["kms:EncryptionContext:SecretARN"]) == 2
      )
      if startswith(flatten([statement.Action])[0], "kms:")
    ])
    error_message = "the key opens those secrets, through Secrets Manager"
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement :
      startswith(flatten([statement.Action])[0], "ec2:") if statement.Resource == "*"
    ])
    error_message = "everything that has a name is named"
  }
}

run "a_failure_is_heard_of" {
  command = plan

  assert {
    condition     = toset(values(aws_cloudwatch_metric_alarm.this)[*].metric_name) == toset(["Errors", "Throttles"])
    error_message = "what failed, and what was never run"
  }
  assert {
    condition = alltrue([
      for alarm in values(aws_cloudwatch_metric_alarm.this) : (
        alarm.dimensions["FunctionName"] == aws_lambda_function.this.function_name
        && alarm.threshold == 1
        && alarm.alarm_actions == toset(var.alarm_topic_arns)
      )
    ])
    error_message = "the first one, to whom it concerns"
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 400
    error_message = "the log ends some day, and not before a year"
  }
}

run "alarms_that_tell_nobody_are_warned_of" {
  command = plan

  variables {
    alarm_topic_arns = []
  }

  expect_failures = [check.somebody_hears_of_a_failure]
}

run "it_reaches_the_database_and_secrets_manager" {
  command = plan

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.database.security_group_id == "sg-database"
      && aws_vpc_security_group_ingress_rule.database.from_port == 5432
      && aws_vpc_security_group_egress_rule.database.referenced_security_group_id == "sg-database"
    )
    error_message = "PostgreSQL"
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.out) == 0
    error_message = "and not the internet"
  }
}

run "subnets_with_a_way_out_need_no_endpoint" {
  command = plan

  variables {
    secrets_endpoint = false
  }

  assert {
    condition     = length(aws_vpc_endpoint.secrets) == 0 && length(aws_security_group.endpoint) == 0
    error_message = "no endpoint"
  }
  assert {
    condition = (
      aws_vpc_security_group_egress_rule.out["this"].from_port == 443
      && aws_vpc_security_group_egress_rule.out["this"].to_port == 443
    )
    error_message = "HTTPS only"
  }
  assert {
    condition     = !can(one(aws_lambda_function.this.environment).variables["AWS_ENDPOINT_URL_SECRETS_MANAGER"])
    error_message = "the service's own name"
  }
}

run "a_package_in_two_places_is_refused" {
  command = plan

  variables {
    package = { file = "rotation.zip", bucket = "packages", key = "rotation.zip", sha256 = "c2hhMjU2" }
  }

  expect_failures = [var.package]
}

run "a_package_without_its_hash_is_refused" {
  command = plan

  variables {
    package = { bucket = "packages", key = "rotation.zip" }
  }

  expect_failures = [var.package]
}

run "a_function_that_never_runs_is_refused" {
  command = plan

  variables {
    concurrency = 0
  }

  expect_failures = [var.concurrency]
}
