output "endpoint" {
  description = "host:port of the instance."
  value       = module.rds.endpoint
}

output "identifier" {
  description = "The instance's name."
  value       = module.rds.identifier
}

output "security_group_id" {
  description = "The security group in front of the instance."
  value       = module.rds.security_group_id
}

output "parameter_group_name" {
  description = "The parameter group."
  value       = module.rds.parameter_group_name
}

output "kms_key_arn" {
  description = "The key of the storage and of Performance Insights."
  value       = module.rds.kms_key_arn
}

output "master_secret_arn" {
  description = "The master's secret."
  value       = module.rds.master_secret_arn
}

output "secret_arns" {
  description = "The secret of each entry, by its key."
  value       = module.app_secrets.secret_arns
}

output "environment_reader_policy_arn" {
  description = "Lets an IRSA role read every application's secret of prod, and of no other environment."
  value       = module.app_secrets.environment_reader_policy_arn
}

output "application_reader_policy_arns" {
  description = "Lets an IRSA role read the secret of one application, by the entry's key."
  value       = module.app_secrets.application_reader_policy_arns
}

output "provisioner_role_arn" {
  description = "For the annotation of the service account platform-provisioner; null without a cluster."
  value       = one(values(module.provisioner_role)[*].role_arn)
}

output "privatelink_service_name" {
  description = "What other accounts make their endpoint for; null without PrivateLink."
  value       = module.rds.privatelink_service_name
}

output "backup_retention_days" {
  description = "How long backups are kept, after every entry's risk was heard."
  value       = module.rds.backup_retention_days
}

output "review_required" {
  description = "Keys of the entries whose risk asks for a review by a person."
  value       = module.app_secrets.review_required
}

output "rotation_function_arn" {
  description = "The function that rotates the passwords; null without rotation_package."
  value       = one(values(module.rotation)[*].function_arn)
}
