# The role of GitHub's scheduled learning, where pipelines run on GitHub's own machine: it reads and writes data versions and releases, and reads recordings.

resource "aws_iam_role" "learning" {
  name                 = "${var.name}-learning"
  description          = "What pipelines may do that run in a workflow of ${var.github.repository} in its environment ${local.learning_environment}"
  max_session_duration = 21600
  assume_role_policy   = local.github_trust[local.learning_environment]
}

locals {
  learning_arns = [var.bucket_arns.data, var.bucket_arns.releases]
}

resource "aws_iam_role_policy" "learning" {
  name = "publish-versions-and-releases"
  role = aws_iam_role.learning.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.read_recordings, [
      {
        Sid      = "ListStores"
        Effect   = "Allow"
        Action   = local.list_actions
        Resource = local.learning_arns
      },
      {
        Sid      = "ReadAndWriteStores"
        Effect   = "Allow"
        Action   = local.write_actions
        Resource = [for arn in local.learning_arns : "${arn}/*"]
      },
      local.encrypt_and_decrypt,
      local.use_feature_tables,
    ])
  })
}
