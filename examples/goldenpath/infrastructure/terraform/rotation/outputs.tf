output "function_arn" {
  description = "For the secrets to be rotated by; Secrets Manager may call it by the time that this is known."
  value       = local.function_arn

  depends_on = [aws_lambda_permission.secrets_manager]
}

output "log_group_name" {
  description = "Where the function writes what it did."
  value       = aws_cloudwatch_log_group.this.name
}

output "alarm_arns" {
  description = "The alarms that a failed rotation raises."
  value       = values(aws_cloudwatch_metric_alarm.this)[*].arn
}
