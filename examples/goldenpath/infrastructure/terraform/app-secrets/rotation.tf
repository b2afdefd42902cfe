# Rotation: how often follows from the risk, by what is named from outside.

locals {
  rotation_days_by_risk = {
    none   = 30
    low    = 30
    medium = 30
    high   = 14
    access = 14
  }

  rotation_days = {
    for key, entry in local.entries : key =>
    entry.risk == null ? var.rotation_days : local.rotation_days_by_risk[entry.risk]
  }

  # Somebody has to look at these as well; the risk "access" asks for it.
  review_required = [for key, entry in local.entries : key if entry.risk == "access"]
}

resource "aws_secretsmanager_secret_rotation" "app" {
  # checkov:skip=CKV_AWS_304:Every 14, 30 or 90 days; checkov can't look the risk up, tests/app-secrets.tftest.hcl does.
  for_each = var.rotation_lambda_arn == null ? {} : {
    for key, entry in local.made : key => entry if entry.auth != "iam"
  }

  secret_id           = aws_secretsmanager_secret_version.app[each.key].secret_id
  rotation_lambda_arn = var.rotation_lambda_arn

  # The role may not be there yet: pgtenant makes it after this.
  rotate_immediately = false

  rotation_rules {
    automatically_after_days = local.rotation_days[each.key]
  }
}
