variable "prefix" {
  description = "What every name of the platform starts with."
  type        = string
}

variable "environment" {
  description = "The environment."
  type        = string
}

variable "package" {
  description = <<-EOT
    What `make lambda` made: a file here, or an object in S3 together with the sha256 in base64 that it printed. Both
    of the architecture below.
  EOT
  type = object({
    file    = optional(string)
    bucket  = optional(string)
    key     = optional(string)
    version = optional(string)
    sha256  = optional(string)
  })

  validation {
    condition = (
      var.package.file != null
      ? alltrue([for other in [var.package.bucket, var.package.key, var.package.version, var.package.sha256] : other == null])
      : alltrue([for needed in [var.package.bucket, var.package.key, var.package.sha256] : needed != null])
    )
    error_message = "A package is either a file, or a bucket, a key and a sha256."
  }
}

variable "architecture" {
  description = "Of the package: x86_64 or arm64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "An architecture is x86_64 or arm64."
  }
}

variable "concurrency" {
  description = <<-EOT
    How many rotations may run at once. It is taken from the account's own limit, of which AWS wants 100 left; -1 takes
    nothing and limits nothing.
  EOT
  type        = number
  default     = 5

  validation {
    condition     = var.concurrency == -1 || var.concurrency >= 1
    error_message = "At least 1, or -1 for no limit: with 0 nothing would ever be rotated."
  }
}

# --- Network ---

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string
}

variable "subnet_ids" {
  description = "Where the function runs: private subnets from which the instance can be reached."
  type        = list(string)
}

variable "database_security_group_id" {
  description = "The security group in front of the instance; it gets a rule that admits the function."
  type        = string
}

variable "port" {
  description = "The instance's port."
  type        = number
  default     = 5432
}

variable "secrets_endpoint" {
  description = "Whether the function gets an endpoint for Secrets Manager in its subnets; false where they have a way out."
  type        = bool
  default     = true
}

# --- Secrets ---

variable "admin_secret_arn" {
  description = "The secret of who sets the passwords; a `masterarn` in an application's secret has to name the same one."
  type        = string
}

variable "maintenance_database" {
  description = "The database that the admin logs in to."
  type        = string
  default     = "platform"
}

variable "sslrootcert" {
  description = "The certificates to check the server's with: a path in the package, where `make lambda` puts CA_BUNDLE."
  type        = string
  default     = "certs/rds-global-bundle.pem"
}

variable "kms_key_arn" {
  description = "The key of the database secrets."
  type        = string
}

# --- What people look at ---

variable "log_retention_days" {
  description = "How long the function's log is kept."
  type        = number
  default     = 400
}

variable "alarm_topic_arns" {
  description = "SNS topics that hear of a failed rotation, and of the end of the trouble; without one, every plan warns."
  type        = list(string)
  default     = []
}
