output "stack_environment" {
  description = "What stacks/aws.yaml reads, by the names it reads them under; TRENDING_AWS_ROLE only if somebody may take it on."
  value = merge({
    TRENDING_AWS_REGION     = var.region
    TRENDING_S3_ARTIFACTS   = "s3://${var.artifact_bucket.name}"
    TRENDING_ECR_REGISTRY   = local.registry
    TRENDING_SAGEMAKER_ROLE = var.training_role_arn
  }, { for role in aws_iam_role.connector : "TRENDING_AWS_ROLE" => role.arn })
}
