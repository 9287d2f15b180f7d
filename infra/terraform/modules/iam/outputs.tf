output "task_role_arn" {
  description = "Role of the running service."
  value       = aws_iam_role.task.arn
}

output "execution_role_arn" {
  description = "Role that starts the service's containers."
  value       = aws_iam_role.execution.arn
}

output "infrastructure_role_arn" {
  description = "Role ECS Express Mode builds with; null on App Runner."
  value       = one(aws_iam_role.infrastructure[*].arn)
}

output "training_role_arn" {
  description = "Role of SageMaker's jobs."
  value       = aws_iam_role.training.arn
}

output "deploy_role_arn" {
  description = "Role of GitHub's workflows."
  value       = aws_iam_role.deploy.arn
}

output "learning_role_arn" {
  description = "Role of GitHub's scheduled learning."
  value       = aws_iam_role.learning.arn
}
