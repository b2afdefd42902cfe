# One secret for each entry of the catalog, with a password that only Secrets Manager knows.

locals {
  # With tenancy.runtime_role the application logs in as another entry, which pgtenant derives alike:
  # as the one that makes it, but for its names and its secret.
  runtime = {
    for key, entry in var.application_databases :
    "${key}${strcontains(key, "-") ? "-" : "_"}runtime" => merge(entry, {
      username = "${entry.username}${strcontains(entry.username, "-") ? "-" : "_"}runtime"
      secret   = null
    }) if try(entry.tenancy.runtime_role, false)
  }
  entries = merge(var.application_databases, local.runtime)

  # An entry that names a secret of its own has one already, made and rotated elsewhere.
  made  = { for key, entry in local.entries : key => entry if entry.secret == null }
  named = { for key, entry in local.entries : key => entry if entry.secret != null }

  names = { for key, entry in local.made : key => "${var.prefix}/${var.environment}/${key}/postgres" }

  login = {
    for key, entry in local.made : key => {
      engine   = "postgres"
      username = entry.username
      host     = var.host
      port     = var.port
      dbname   = entry.database_name
    }
  }

  uri_tail = {
    for key, entry in local.made : key =>
    "@${var.host}:${var.port}/${urlencode(entry.database_name)}?sslmode=${var.connection_sslmode}"
  }

  # A write-only value has no difference to show, so that its version says when to write it: when the
  # secret says something else than a password, or when somebody raises the generation. A new
  # password comes with it. Otherwise what a rotation has stored since stays.
  version = {
    for key, entry in local.made : key => parseint(substr(sha256(jsonencode([
      local.login[key], entry.auth, lookup(var.password_generations, key, 0),
    ])), 0, 12), 16)
  }

  tags = {
    for key, entry in local.made : key => merge(
      {
        "pgtenant:environment"   = var.environment
        "pgtenant:entry"         = key
        "pgtenant:rotation-days" = tostring(local.rotation_days[key])
        "pgtenant:review"        = contains(local.review_required, key) ? "required" : "none"
      },
      {
        for name, value in { owner = entry.owner, domain = entry.domain, risk = entry.risk } :
        "pgtenant:${name}" => substr(replace(value, "/[^\\p{L}\\p{N} _.:\\/=+@-]/", "_"), 0, 256) if value != null
      },
    )
  }
}

resource "aws_secretsmanager_secret" "app" {
  # checkov:skip=CKV2_AWS_57:Rotated by aws_secretsmanager_secret_rotation once rotation_lambda_arn names the function; there is none to name before that.
  for_each = local.made

  name                    = local.names[each.key]
  description             = "Login of ${each.value.username} to ${each.value.database_name} (${var.environment})"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_days
  tags                    = local.tags[each.key]
}

ephemeral "aws_secretsmanager_random_password" "app" {
  for_each = local.made

  # Letters and digits mean the same in a URL, a shell and a libpq string: 62^40 needs no more.
  password_length            = 40
  exclude_punctuation        = true
  require_each_included_type = true
}

resource "aws_secretsmanager_secret_version" "app" {
  for_each = local.made

  secret_id                = aws_secretsmanager_secret.app[each.key].id
  secret_string_wo_version = local.version[each.key]

  # With auth = "iam" there is no password, and a role in rds_iam could not use one.
  secret_string_wo = jsonencode(merge(
    local.login[each.key],
    each.value.auth == "iam" ? null : {
      password = ephemeral.aws_secretsmanager_random_password.app[each.key].random_password
      connection_uri = join("", [
        "postgresql://", urlencode(each.value.username), ":",
        urlencode(ephemeral.aws_secretsmanager_random_password.app[each.key].random_password),
        local.uri_tail[each.key],
      ])
    },
  ))

  # The second label keeps Secrets Manager from forgetting this version after some rotations:
  # Terraform would miss it, and put a password of its own over the one in use.
  version_stages = ["AWSCURRENT", "TERRAFORM"]

  lifecycle {
    # A rotation moves AWSCURRENT on; moving it back would bring an old password back.
    ignore_changes = [version_stages]
  }
}
