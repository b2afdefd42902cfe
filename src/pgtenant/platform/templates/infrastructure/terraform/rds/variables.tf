variable "prefix" {
  description = "What every name of the platform starts with."
  type        = string

  validation {
    condition     = can(regex("^[a-z](-?[a-z0-9]){0,19}$", var.prefix))
    error_message = "The prefix is 1 to 20 lower-case letters, digits and single hyphens, a letter first."
  }
}

variable "environment" {
  description = "The environment, such as dev, test, staging, prod, eu-1."
  type        = string

  validation {
    condition     = length(var.environment) <= 30 && can(regex("^[a-z](-?[a-z0-9])*$", var.environment))
    error_message = "The environment is 1 to 30 lower-case letters, digits and single hyphens, a letter first."
  }
}

variable "production" {
  description = "Whether it gets the larger instance, Multi-AZ and longer backups; null for prod alone."
  type        = bool
  default     = null
}

# --- Network ---

variable "vpc_id" {
  description = "The VPC of the database subnets."
  type        = string
}

variable "database_subnet_ids" {
  description = "Private subnets in at least two availability zones."
  type        = list(string)

  validation {
    condition     = length(var.database_subnet_ids) >= 2
    error_message = "RDS needs subnets in two availability zones, also without Multi-AZ."
  }
}

variable "rds_security_group_id" {
  description = "A security group of the network's own to attach besides the one made here; null for none."
  type        = string
  default     = null
}

variable "cluster_security_group_ids" {
  description = "Security groups of the Kubernetes nodes that may connect, by a name of your choice."
  type        = map(string)
  default     = {}
}

variable "peered_cidrs" {
  description = "Address ranges of peered VPCs that may connect."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.peered_cidrs : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "Each is an address range such as 10.20.0.0/16; the whole internet is none."
  }
}

variable "privatelink" {
  description = <<-EOT
    Offers the instance to other accounts as a PrivateLink endpoint service. `target_ips` are the instance's
    addresses; they change at a failover, and with Multi-AZ something has to keep them current.
  EOT
  type = object({
    allowed_principals = list(string)
    target_ips         = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.privatelink == null ? true : !contains(var.privatelink.allowed_principals, "*")
    error_message = "Name the principals that may connect; \"*\" is everybody on AWS."
  }
}

variable "private_dns" {
  description = "A record for the instance in a private hosted zone, for peered VPCs; null for none."
  type = object({
    zone_id = string
    name    = string
  })
  default = null
}

# --- Instance ---

variable "engine_version" {
  description = "PostgreSQL's version, 15 or newer: a major such as 17, whose minors AWS upgrades, or one minor such as 17.4, which stays."
  type        = string
  default     = "17"

  validation {
    condition     = can(regex("^[1-9][0-9](\\.[0-9]+)?$", var.engine_version)) && try(tonumber(split(".", var.engine_version)[0]), 0) >= 15
    error_message = "PostgreSQL 15 or newer: on 14 and older a tenant can make the admin a member of itself."
  }
}

variable "allow_major_version_upgrade" {
  description = "Set it for the one apply that goes to a new major."
  type        = bool
  default     = false
}

variable "instance_class" {
  description = "null means db.r5.large in prod and db.t3.medium elsewhere."
  type        = string
  default     = null
}

variable "multi_az" {
  description = "null means in prod only."
  type        = bool
  default     = null
}

variable "allocated_storage" {
  description = "GB at first; null means 100 in prod and 20 elsewhere."
  type        = number
  default     = null
}

variable "max_allocated_storage" {
  description = "GB up to which the storage grows by itself; null means 500 in prod and 100 elsewhere."
  type        = number
  default     = null
}

variable "database_name" {
  description = "The maintenance database: pgtenant's first connection and its lock. No application's."
  type        = string
  default     = "platform"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{2,62}$", var.database_name)) && var.database_name != "postgres"
    error_message = "3 to 63 lower-case letters, digits and underscores, a letter first, and not postgres."
  }
}

variable "master_username" {
  description = "The master's name."
  type        = string
  default     = "platform_admin"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{2,62}$", var.master_username)) && !contains(["postgres", "rdsadmin"], var.master_username)
    error_message = "3 to 63 lower-case letters, digits and underscores, a letter first, neither postgres nor rdsadmin."
  }
}

variable "master_password_generation" {
  description = <<-EOT
    Raise it to give the master a new password at the next apply, in the instance and in its secret. It is also
    the way out when an apply ended between the two.
  EOT
  type        = number
  default     = 1
}

variable "port" {
  description = "The port."
  type        = number
  default     = 5432
}

variable "parameter_group_suffix" {
  description = "Ends the parameter group's name, where environments share an account."
  type        = string
  default     = ""
}

variable "ca_cert_identifier" {
  description = "The authority of the server's certificate."
  type        = string
  default     = "rds-ca-rsa2048-g1"
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the instance; Terraform does in any case (prevent_destroy)."
  type        = bool
  default     = true
}

variable "apply_immediately" {
  description = "Whether changes wait for the maintenance window."
  type        = bool
  default     = false
}

# --- Backups ---

variable "application_risks" {
  description = "The risks of the catalog's entries: the instance keeps backups as long as the strictest asks."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for risk in var.application_risks : contains(["none", "low", "medium", "high", "access"], risk)])
    error_message = "A risk is none, low, medium, high or access."
  }
}

variable "backup_retention_days" {
  description = "Keeps backups longer than the risks ask, never shorter; null leaves it to them."
  type        = number
  default     = null

  validation {
    condition     = var.backup_retention_days == null ? true : var.backup_retention_days >= 1 && var.backup_retention_days <= 35
    error_message = "RDS keeps backups for up to 35 days."
  }
}

# --- Secrets ---

variable "secret_endpoint" {
  description = <<-EOT
    What the master's secret names in place of the instance's own endpoint, such as a tunnel's. The
    certificate is for the instance's own name, so that verify-full fails with another one.
  EOT
  type = object({
    host = string
    port = optional(number)
  })
  default = null
}
