# What ZenML's AWS stack needs: the role its service connector takes on, which may fill the artifact store and start SageMaker
# pipelines under the training role. CI builds the training image and ZenML takes it as it is, so nothing is pushed. Without anyone who may take
# it on there is no role.

locals {
  enabled   = length(var.principal_arns) > 0
  sagemaker = "arn:aws:sagemaker:${var.region}:${var.account_id}"
  # arn:aws:ecr:REGION:ACCOUNT:repository/NAME
  repository = split(":", var.training_repository_arn)
  registry   = "${local.repository[4]}.dkr.ecr.${local.repository[3]}.amazonaws.com"
  # As SageMaker spells the names in pipelines/.
  pipelines = ["batch-scoring", "continual-learning", "continual-watch", "ingestion", "scheduled-learning", "training"]
}

resource "aws_iam_role" "connector" {
  count       = local.enabled ? 1 : 0
  name        = "${var.name}-zenml"
  description = "What ZenML's service connector may do"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = var.principal_arns }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "connector" {
  count = local.enabled ? 1 : 0
  name  = "zenml-stack"
  role  = aws_iam_role.connector[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ListArtifacts"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions"]
        Resource = [var.artifact_bucket.arn]
      },
      {
        Sid      = "ReadAndWriteArtifacts"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = ["${var.artifact_bucket.arn}/*"]
      },
      {
        Sid      = "EncryptAndDecrypt"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [var.kms_key_arn]
      },
      # These two are about a whole registry and know no narrower resource.
      {
        Sid      = "LogInToRegistry"
        Effect   = "Allow"
        Action   = ["ecr:DescribeRegistry", "ecr:GetAuthorizationToken"]
        Resource = ["*"]
      },
      # The connector lists all repositories to see whether it can reach the registry.
      {
        Sid      = "ListRepositories"
        Effect   = "Allow"
        Action   = ["ecr:DescribeRepositories"]
        Resource = ["arn:aws:ecr:${local.repository[3]}:${local.repository[4]}:repository/*"]
      },
      {
        Sid      = "ReadTrainingImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
        Resource = [var.training_repository_arn]
      },
      # ZenML names a SageMaker pipeline after ours and a random number.
      {
        Sid    = "StartPipelines"
        Effect = "Allow"
        Action = [
          "sagemaker:AddTags", "sagemaker:CreatePipeline", "sagemaker:DescribePipeline", "sagemaker:DescribePipelineExecution",
          "sagemaker:ListPipelineExecutionSteps", "sagemaker:StartPipelineExecution", "sagemaker:StopPipelineExecution", "sagemaker:UpdatePipeline",
        ]
        Resource = [for pipeline in local.pipelines : "${local.sagemaker}:pipeline/${pipeline}-*"]
      },
      # Runs in shards are submitted as one job, which starts the steps.
      {
        Sid      = "SubmitRuns"
        Effect   = "Allow"
        Action   = ["sagemaker:CreateProcessingJob", "sagemaker:StopProcessingJob"]
        Resource = ["${local.sagemaker}:processing-job/*"]
      },
      {
        Sid      = "WatchSteps"
        Effect   = "Allow"
        Action   = ["sagemaker:DescribeProcessingJob", "sagemaker:DescribeTrainingJob"]
        Resource = ["${local.sagemaker}:processing-job/*", "${local.sagemaker}:training-job/*"]
      },
      {
        Sid       = "HandOnTrainingRole"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [var.training_role_arn]
        Condition = { StringEquals = { "iam:PassedToService" = "sagemaker.amazonaws.com" } }
      },
    ]
  })
}
