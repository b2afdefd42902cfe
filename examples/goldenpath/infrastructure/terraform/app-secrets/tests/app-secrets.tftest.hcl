# terraform -chdir=infrastructure/terraform/app-secrets test
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

override_data {
  target = data.aws_secretsmanager_secret.named
  values = { arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:legacy-AbCdEf" }
}

variables {
  prefix      = "gp"
  environment = "dev"
  host        = "db.example.com"
  kms_key_arn = "arn:aws:kms:eu-west-2:123456789012:key/1"

  readable_secrets = ["legacy"]
  application_databases = {
    plain    = { database_name = "plain", username = "plain_user" }
    low      = { database_name = "low", username = "low_user", risk = "low" }
    medium   = { database_name = "medium", username = "medium_user", risk = "medium" }
    high     = { database_name = "high", username = "high_user", risk = "high", owner = format("%300s", "x") }
    access   = { database_name = "access", username = "access_user", risk = "access", owner = "A & B (team)" }
    its_own  = { database_name = "its_own", username = "own_user", secret = "legacy" }
    with_iam = { database_name = "with_iam", username = "iam_user", auth = "iam" }
  }
}

run "a_secret_for_each_entry_that_has_none" {
  command = plan

  assert {
    condition     = sort(keys(aws_secretsmanager_secret.app)) == sort(["plain", "low", "medium", "high", "access", "with_iam"])
    error_message = "an entry with its own secret gets no other"
  }
  assert {
    condition     = aws_secretsmanager_secret.app["plain"].name == "gp/dev/plain/postgres"
    error_message = "the documents' name"
  }
  assert {
    condition     = aws_secretsmanager_secret.app["plain"].kms_key_id == var.kms_key_arn
    error_message = "the key"
  }
  assert {
    condition     = sort(keys(aws_iam_policy.application)) == sort(keys(var.application_databases))
    error_message = "a policy for each application"
  }
  assert {
    condition     = aws_secretsmanager_secret.app["access"].tags["pgtenant:owner"] == "A _ B _team_"
    error_message = "AWS takes no such characters in a tag"
  }
  assert {
    condition     = length(aws_secretsmanager_secret.app["high"].tags["pgtenant:owner"]) == 256
    error_message = "nor more of them"
  }
}

run "the_risk_decides_the_rotation" {
  command = plan

  assert {
    condition = output.rotation_days == {
      plain = 90, low = 30, medium = 30, high = 14, access = 14, its_own = 90, with_iam = 90
    }
    error_message = "rotation"
  }
  assert {
    condition     = output.review_required == ["access"]
    error_message = "review"
  }
  assert {
    condition     = length(aws_secretsmanager_secret_rotation.app) == 0
    error_message = "nothing rotates without a function"
  }
}

run "a_function_rotates_what_has_a_password" {
  command = plan

  variables {
    rotation_lambda_arn = "arn:aws:lambda:eu-west-2:123456789012:function:rotate"
  }

  assert {
    condition     = sort(keys(aws_secretsmanager_secret_rotation.app)) == sort(["plain", "low", "medium", "high", "access"])
    error_message = "rotated entries"
  }
  assert {
    condition     = one(aws_secretsmanager_secret_rotation.app["high"].rotation_rules).automatically_after_days == 14
    error_message = "how often"
  }
  assert {
    condition     = aws_secretsmanager_secret_rotation.app["plain"].rotate_immediately == false
    error_message = "the role comes later"
  }
}

run "a_runtime_role_has_a_secret_of_its_own" {
  command = plan

  variables {
    application_databases = {
      master     = { database_name = "master", username = "app_user", secret = "legacy", risk = "high", tenancy = { runtime_role = true } }
      its-master = { database_name = "its_master", username = "its_user", tenancy = { runtime_role = true } }
      without    = { database_name = "without", username = "one_user", tenancy = {} }
    }
  }

  assert {
    condition     = sort(keys(aws_secretsmanager_secret.app)) == sort(["master_runtime", "its-master", "its-master-runtime", "without"])
    error_message = "also beside a secret that is made elsewhere"
  }
  assert {
    condition     = aws_secretsmanager_secret.app["master_runtime"].name == "gp/dev/master_runtime/postgres"
    error_message = "its name"
  }
  assert {
    condition     = local.login["master_runtime"].username == "app_user_runtime" && local.login["master_runtime"].dbname == "master"
    error_message = "its login"
  }
  assert {
    condition     = output.rotation_days["master_runtime"] == 14
    error_message = "rotated as the other one"
  }
  assert {
    condition     = contains(keys(aws_iam_policy.application), "master_runtime")
    error_message = "a policy of its own, which does not read the owner's secret"
  }
}

run "a_runtime_role_whose_name_is_taken_is_refused" {
  command = plan

  variables {
    application_databases = {
      one = { database_name = "one", username = "one_user", tenancy = { runtime_role = true } }
      two = { database_name = "two", username = "one_user_runtime" }
    }
  }

  expect_failures = [var.application_databases]
}

run "a_generation_writes_again" {
  command = plan

  variables {
    password_generations = { plain = 1 }
  }

  assert {
    condition     = local.version["plain"] != run.the_risk_decides_the_rotation.versions["plain"]
    error_message = "another version writes a new password"
  }
  assert {
    condition     = local.version["low"] == run.the_risk_decides_the_rotation.versions["low"]
    error_message = "and only that one"
  }
}

run "two_entries_with_one_username_are_refused" {
  command = plan

  variables {
    application_databases = {
      one = { database_name = "one", username = "same_user" }
      two = { database_name = "two", username = "same_user" }
    }
  }

  expect_failures = [var.application_databases]
}

run "a_name_that_is_sql_is_refused" {
  command = plan

  variables {
    application_databases = { one = { database_name = "one", username = "x\"; drop role y; --" } }
  }

  expect_failures = [var.application_databases]
}

run "an_unknown_risk_is_refused" {
  command = plan

  variables {
    application_databases = { one = { database_name = "one", username = "one_user", risk = "huge" } }
  }

  expect_failures = [var.application_databases]
}

run "a_secret_of_another_environment_is_refused" {
  command = plan

  variables {
    application_databases = { one = { database_name = "one", username = "one_user", secret = "gp/prod/inventory/postgres" } }
  }

  expect_failures = [var.application_databases]
}

run "a_listed_secret_of_another_environment_is_refused" {
  command = plan

  variables {
    readable_secrets      = ["gp/prod/rds/master"]
    application_databases = { one = { database_name = "one", username = "one_user", secret = "gp/prod/rds/master" } }
  }

  expect_failures = [var.application_databases]
}

run "the_masters_secret_is_refused" {
  command = plan

  variables {
    application_databases = { one = { database_name = "one", username = "one_user", secret = "gp/dev/rds/master" } }
  }

  expect_failures = [var.application_databases]
}

run "a_secret_that_nobody_listed_is_refused" {
  command = plan

  variables {
    application_databases = { one = { database_name = "one", username = "one_user", secret = "billing/root" } }
  }

  expect_failures = [var.application_databases]
}

run "a_secret_of_its_environment_is_read" {
  command = plan

  variables {
    application_databases = { one = { database_name = "one", username = "one_user", secret = "gp/dev/shared/postgres" } }
  }

  assert {
    condition     = length(aws_secretsmanager_secret.app) == 0
    error_message = "it is there already"
  }
}
