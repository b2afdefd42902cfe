variable "prefix" {
  description = "What every name of the platform starts with."
  type        = string

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9]){0,19}$", var.prefix))
    error_message = "The prefix is 1 to 20 lower-case letters, digits and single hyphens, a letter first."
  }
}

variable "environment" {
  description = "The environment: dev, test, staging, prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.environment))
    error_message = "The environment is 1 to 31 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "application_databases" {
  description = "The catalog; `pgtenant` reads the same file and makes the databases and roles."
  type = map(object({
    database_name    = string
    username         = string
    access_level     = optional(string, "owner")
    auth             = optional(string, "password")
    rotation         = optional(string, "single")
    createdb         = optional(bool, true)
    connection_limit = optional(number)
    initial_schema   = optional(string, "none")
    extensions       = optional(list(string), [])
    secret           = optional(string)
    owner            = optional(string)
    requester        = optional(string)
    domain           = optional(string)
    risk             = optional(string)
    size             = optional(string)
    tenancy = optional(object({
      schema_prefix   = optional(string, "tenant_")
      setting         = optional(string, "app.current_tenant")
      column          = optional(string, "tenant_id")
      template        = optional(string)
      tenants_file    = optional(string)
      runtime_role    = optional(bool, false)
      role_per_tenant = optional(bool, false)
    }))
  }))

  validation {
    condition     = alltrue([for key in keys(var.application_databases) : can(regex("^[a-z][a-z0-9_-]{0,62}$", key))])
    error_message = "The key of an entry is 1 to 63 lower-case letters, digits, underscores and hyphens, a letter first."
  }

  validation {
    condition = alltrue([
      for entry in values(var.application_databases) : can(regex("^[a-z][a-z0-9_]{2,62}$", entry.database_name))
    ])
    error_message = "A database_name is 3 to 63 lower-case letters, digits and underscores, a letter first."
  }

  validation {
    condition = alltrue([
      for entry in values(var.application_databases) : can(regex("^[a-z][a-z0-9_]{2,30}$", entry.username))
    ])
    error_message = "A username is 3 to 31 lower-case letters, digits and underscores, a letter first."
  }

  validation {
    condition = length(var.application_databases) == length(distinct([
      for entry in values(var.application_databases) : entry.username
    ]))
    error_message = "Two entries have the same username."
  }

  validation {
    condition = alltrue([
      for key, entry in var.application_databases :
      length(entry.username) <= 23 && length(key) <= 55 &&
      !contains(keys(var.application_databases), "${key}${strcontains(key, "-") ? "-" : "_"}runtime") &&
      !contains(values(var.application_databases)[*].username, "${entry.username}_runtime")
      if try(entry.tenancy.runtime_role, false)
    ])
    error_message = "With tenancy.runtime_role a username has at most 23 characters and a key 55, and no other entry has either with runtime at its end."
  }

  validation {
    condition = alltrue([
      for entry in values(var.application_databases) : contains(["owner", "editor", "reader"], entry.access_level)
    ])
    error_message = "An access_level is owner, editor or reader."
  }

  validation {
    condition = alltrue([
      for entry in values(var.application_databases) : contains(["password", "iam"], entry.auth)
    ])
    error_message = "An auth is password or iam."
  }

  validation {
    condition = alltrue([
      for entry in values(var.application_databases) : contains(["single", "alternate"], entry.rotation)
    ])
    error_message = "A rotation is single or alternate."
  }

  validation {
    condition = alltrue([
      for entry in values(var.application_databases) :
      entry.risk == null ? true : contains(["none", "low", "medium", "high", "access"], entry.risk)
    ])
    error_message = "A risk is none, low, medium, high or access."
  }

  # A name here becomes a right to read: a catalog is changed with less ado than this list.
  validation {
    condition = alltrue([
      for secret in compact([for entry in values(var.application_databases) : entry.secret]) :
      startswith(secret, "${var.prefix}/")
      ? startswith(secret, "${var.prefix}/${var.environment}/") && !startswith(secret, "${var.prefix}/${var.environment}/rds/")
      : contains(var.readable_secrets, secret)
    ])
    error_message = "The secret of an entry is one of its environment's applications, or one of readable_secrets."
  }
}

variable "readable_secrets" {
  description = "Secrets beyond the environment's own that entries may name with `secret`."
  type        = set(string)
  default     = []
}

variable "host" {
  description = "The host that the secrets name."
  type        = string
}

variable "port" {
  description = "The port that the secrets name."
  type        = number
  default     = 5432
}

variable "connection_sslmode" {
  description = "The sslmode in connection_uri. verify-full needs the RDS certificate bundle wherever the URI is used."
  type        = string
  default     = "require"

  validation {
    condition     = contains(["require", "verify-ca", "verify-full"], var.connection_sslmode)
    error_message = "The server refuses connections without TLS: require, verify-ca or verify-full."
  }
}

variable "kms_key_arn" {
  description = "The key that encrypts the secrets."
  type        = string
}

variable "password_generations" {
  description = "Raise an entry's number to have a new password written at the next apply; by the entry's key."
  type        = map(number)
  default     = {}
}

variable "rotation_lambda_arn" {
  description = "The function that rotates the passwords; null leaves rotation off."
  type        = string
  default     = null
}

variable "rotation_days" {
  description = "How often passwords of entries without a risk are rotated."
  type        = number
  default     = 90

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 1000
    error_message = "Secrets Manager rotates every 1 to 1000 days."
  }
}

variable "recovery_window_days" {
  description = "How long the secret of an entry that left the catalog can still be restored; its name is taken as long."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_days >= 7 && var.recovery_window_days <= 30
    error_message = "Secrets Manager keeps a deleted secret for 7 to 30 days."
  }
}
