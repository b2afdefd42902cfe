variable "prefix" {
  description = "What every name of the platform starts with."
  type        = string
}

variable "environment" {
  description = "The environment."
  type        = string
}

variable "oidc_provider_arn" {
  description = "The IAM OIDC provider of the cluster that runs the Job."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/.+$", var.oidc_provider_arn))
    error_message = "It is an ARN such as arn:aws:iam::123456789012:oidc-provider/oidc.eks.REGION.amazonaws.com/id/ID."
  }
}

variable "namespace" {
  description = "The namespace of the service account."
  type        = string
  default     = "platform-system"
}

variable "service_account" {
  description = "The service account that may take the role."
  type        = string
  default     = "platform-provisioner"
}

variable "admin_secret_arn" {
  description = "The secret that pgtenant logs in with."
  type        = string
}

variable "environment_reader_policy_arn" {
  description = "The policy that reads every application's secret; app-secrets makes it."
  type        = string
}

variable "kms_key_arn" {
  description = "The key of the database secrets."
  type        = string
}
