# The role of SageMaker's jobs, which run the pipelines' steps: they read and write artifacts, data versions and releases, and read recordings.

resource "aws_iam_role" "training" {
  name        = local.training_role
  description = "What a pipeline's steps may do"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = local.own_account
    }]
  })
}

locals {
  training_role = "${var.name}-training"
  store_arns    = [var.bucket_arns.artifacts, var.bucket_arns.data, var.bucket_arns.releases]
  sagemaker     = "arn:aws:sagemaker:${var.region}:${var.account_id}"
  job_logs      = "arn:aws:logs:${var.region}:${var.account_id}:log-group:/aws/sagemaker"
}

resource "aws_iam_role_policy" "training" {
  name = "run-pipelines"
  role = aws_iam_role.training.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.read_recordings, [
      {
        Sid      = "ListStores"
        Effect   = "Allow"
        Action   = local.list_actions
        Resource = local.store_arns
      },
      {
        Sid      = "ReadAndWriteStores"
        Effect   = "Allow"
        Action   = local.write_actions
        Resource = [for arn in local.store_arns : "${arn}/*"]
      },
      local.encrypt_and_decrypt,
      local.use_feature_tables,
      local.log_in,
      {
        Sid      = "PullTrainingImage"
        Effect   = "Allow"
        Action   = local.pull_actions
        Resource = [var.repository_arns.training]
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = ["${local.job_logs}/ProcessingJobs:*", "${local.job_logs}/TrainingJobs:*"]
      },
      # A SageMaker pipeline starts the jobs of its steps, with this same role; their names are SageMaker's.
      {
        Sid    = "RunSteps"
        Effect = "Allow"
        Action = [
          "sagemaker:AddTags", "sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob", "sagemaker:DescribeProcessingJob",
          "sagemaker:DescribeTrainingJob", "sagemaker:StopProcessingJob", "sagemaker:StopTrainingJob",
        ]
        Resource = ["${local.sagemaker}:processing-job/*", "${local.sagemaker}:training-job/*"]
      },
      {
        Sid       = "HandOnThisRole"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = ["arn:aws:iam::${var.account_id}:role/${local.training_role}"]
        Condition = { StringEquals = { "iam:PassedToService" = "sagemaker.amazonaws.com" } }
      },
    ])
  })
}
