output "secret_arns" {
  description = "The secret of each entry, by its key."
  value       = local.secret_arns
}

output "environment_reader_policy_arn" {
  description = "Lets an IRSA role read every application's secret of this environment, and of no other."
  value       = aws_iam_policy.environment.arn
}

output "application_reader_policy_arns" {
  description = "Lets an IRSA role read the secret of one application, by the entry's key."
  value       = { for key, policy in aws_iam_policy.application : key => policy.arn }
}

output "rotation_days" {
  description = "How often each entry's password has to change, by the entry's key."
  value       = local.rotation_days
}

output "review_required" {
  description = "Keys of the entries whose risk asks for a review by a person."
  value       = local.review_required
}

output "versions" {
  description = "What each secret says besides its password, as a number: another one means that it is written again."
  value       = local.version
}
