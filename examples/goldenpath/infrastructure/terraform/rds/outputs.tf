output "identifier" {
  description = "The instance's name."
  value       = aws_db_instance.this.identifier
}

output "endpoint" {
  description = "host:port of the instance."
  value       = aws_db_instance.this.endpoint
}

output "address" {
  description = "The instance's own host name, the one in its certificate."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "The instance's port."
  value       = aws_db_instance.this.port
}

output "resource_id" {
  description = "What IAM policies for rds-db:connect name the instance by."
  value       = aws_db_instance.this.resource_id
}

output "security_group_id" {
  description = "The security group in front of the instance."
  value       = aws_security_group.this.id
}

output "parameter_group_name" {
  description = "The parameter group."
  value       = aws_db_parameter_group.this.name
}

output "kms_key_arn" {
  description = "The key of the storage and of Performance Insights."
  value       = aws_kms_key.database.arn
}

output "secrets_kms_key_arn" {
  description = "The key of the database secrets."
  value       = aws_kms_key.secrets.arn
}

output "master_secret_arn" {
  description = "The master's secret."
  value       = aws_secretsmanager_secret.master.arn
}

output "backup_retention_days" {
  description = "How long backups are kept, after every entry's risk was heard."
  value       = aws_db_instance.this.backup_retention_period
}

output "privatelink_service_name" {
  description = "What other accounts make their endpoint for; null without PrivateLink."
  value       = one(values(aws_vpc_endpoint_service.privatelink)[*].service_name)
}
