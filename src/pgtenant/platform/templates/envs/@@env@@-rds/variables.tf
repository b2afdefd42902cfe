# What each of these does is said at the variable of the same name in infrastructure/terraform.

variable "prefix" {
  description = "What every name of the platform starts with; pgtenant.toml has it too."
  type        = string
  default     = "@@prefix@@"
}

variable "region" {
  description = "The AWS region."
  type        = string
  default     = "@@region@@"
}

variable "account_id" {
  description = "The only AWS account that this environment may be applied to."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An AWS account is 12 digits."
  }
}

# --- Network ---

variable "vpc_id" {
  description = "The VPC of the database subnets."
  type        = string
}

variable "database_subnet_ids" {
  description = "Private subnets in at least two availability zones."
  type        = list(string)
}

variable "rds_security_group_id" {
  description = "A security group of the network's own to attach besides the one made here."
  type        = string
  default     = null
}

variable "cluster_security_group_ids" {
  description = "Security groups of the Kubernetes nodes that may connect, by a name of your choice."
  type        = map(string)
  default     = {}
}

variable "cluster_oidc_provider_arn" {
  description = "The IAM OIDC provider of the cluster that runs pgtenant's Job; null makes no role for it."
  type        = string
  default     = null
}

variable "peered_cidrs" {
  description = "Address ranges of peered VPCs that may connect."
  type        = list(string)
  default     = []
}

variable "privatelink" {
  description = "Offers the instance to other accounts as a PrivateLink endpoint service."
  type = object({
    allowed_principals = list(string)
    target_ips         = optional(list(string), [])
  })
  default = null
}

variable "private_dns" {
  description = "A record for the instance in a private hosted zone, for peered VPCs."
  type = object({
    zone_id = string
    name    = string
  })
  default = null
}

# --- Instance ---

variable "engine_version" {
  description = "PostgreSQL's version, 15 or newer."
  type        = string
  default     = "17"
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

variable "parameter_group_suffix" {
  description = "Ends the parameter group's name, where environments share an account."
  type        = string
  default     = ""
}

variable "deletion_protection" {
  description = "Whether AWS refuses to delete the instance."
  type        = bool
  default     = true
}

variable "apply_immediately" {
  description = "Whether changes wait for the maintenance window."
  type        = bool
  default     = false
}

variable "backup_retention_days" {
  description = "Keeps backups longer than the risks ask."
  type        = number
  default     = null
}

# --- Secrets ---

variable "master_password_generation" {
  description = "Raise it to give the master a new password, in the instance and in its secret."
  type        = number
  default     = 1
}

variable "admin_secret_arn" {
  description = "The delegated admin's secret, once `pgtenant bootstrap` has made it; null means the master's."
  type        = string
  default     = null
}

variable "password_generations" {
  description = "Raise an entry's number to have a new password written at the next apply."
  type        = map(number)
  default     = {}
}

variable "secret_endpoint" {
  description = "What the secrets name in place of the instance's own endpoint, such as a tunnel's."
  type = object({
    host = string
    port = optional(number)
  })
  default = null
}

variable "readable_secrets" {
  description = "Secrets beyond the environment's own that entries of the catalog may name with `secret`."
  type        = set(string)
  default     = []
}

# --- Rotation ---

variable "rotation_package" {
  description = "The package of pgtenant's function that rotates the applications' passwords; null makes none."
  type = object({
    file    = optional(string)
    bucket  = optional(string)
    key     = optional(string)
    version = optional(string)
    sha256  = optional(string)
  })
  default = null
}

variable "rotation_architecture" {
  description = "Of that package: x86_64 or arm64."
  type        = string
  default     = "x86_64"
}

variable "rotation_concurrency" {
  description = "How many rotations may run at once; -1 where the account has no concurrency to reserve."
  type        = number
  default     = 5
}

variable "rotation_secrets_endpoint" {
  description = "Whether the function gets an endpoint for Secrets Manager; false where the database subnets have a way out."
  type        = bool
  default     = true
}

variable "alarm_topic_arns" {
  description = "SNS topics that hear of a failed rotation."
  type        = list(string)
  default     = []
}

variable "rotation_lambda_arn" {
  description = "A function of somebody else's that rotates the passwords instead; without either, nothing is rotated."
  type        = string
  default     = null

  validation {
    condition     = var.rotation_lambda_arn == null || var.rotation_package == null
    error_message = "Either rotation_package or rotation_lambda_arn: a secret is rotated by one function."
  }
}

# --- Catalog ---

variable "application_databases" {
  description = "The catalog; pgtenant reads it from the same file."
@@application_databases_type@@
}
