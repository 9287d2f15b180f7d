# The role GitHub's deployments take on: no key is stored anywhere. It is bound to one repository and one deployment environment, whose
# rules therefore guard it, and can change no infrastructure: Terraform is applied by people.

locals {
  issuer = "token.actions.githubusercontent.com"

  # Learning has an environment of its own, or whatever may deploy could write releases as well.
  learning_environment = "${var.github.environment}-learning"

  github_trust = { for environment in [var.github.environment, local.learning_environment] : environment => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = var.github.oidc_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = "repo:${var.github.repository}:environment:${environment}"
        }
      }
    }]
  }) }

  deploy_service = local.express ? {
    Sid    = "DeployService"
    Effect = "Allow"
    Action = ["ecs:DescribeExpressGatewayService", "ecs:DescribeServices", "ecs:UpdateExpressGatewayService"]
    Resource = [
      "arn:aws:ecs:${var.region}:${var.account_id}:service/${var.name}/${var.name}",
    ]
    } : {
    Sid    = "DeployService"
    Effect = "Allow"
    Action = ["apprunner:DescribeService", "apprunner:ListOperations", "apprunner:UpdateService"]
    # App Runner ends the ARN of a service with an id of its own.
    Resource = ["arn:aws:apprunner:${var.region}:${var.account_id}:service/${var.name}/*"]
  }

  push_images = {
    Sid      = "PushImages"
    Effect   = "Allow"
    Action   = local.push_actions
    Resource = values(var.repository_arns)
  }
}

resource "aws_iam_role" "deploy" {
  name                 = "${var.name}-deploy"
  description          = "What a workflow of ${var.github.repository} may do in its environment ${var.github.environment}"
  max_session_duration = 3600
  assume_role_policy   = local.github_trust[var.github.environment]
}

resource "aws_iam_role_policy" "deploy" {
  name = "deploy"
  role = aws_iam_role.deploy.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        local.log_in,
        {
          Sid      = "PullImages"
          Effect   = "Allow"
          Action   = concat(local.pull_actions, ["ecr:DescribeImageScanFindings", "ecr:DescribeImages"])
          Resource = values(var.repository_arns)
        },
        local.deploy_service,
        {
          Sid      = "HandOnRolesOfTheService"
          Effect   = "Allow"
          Action   = ["iam:PassRole"]
          Resource = concat([aws_iam_role.task.arn, aws_iam_role.execution.arn], aws_iam_role.infrastructure[*].arn)
          Condition = {
            StringEquals = {
              "iam:PassedToService" = local.express ? ["ecs.amazonaws.com", "ecs-tasks.amazonaws.com"] : ["build.apprunner.amazonaws.com", "tasks.apprunner.amazonaws.com"]
            }
          }
        },
        # Promoting a release or rolling back writes CURRENT and its entry in the audit trail, and takes back the intent it began with.
        {
          Sid      = "MoveCurrent"
          Effect   = "Allow"
          Action   = ["s3:PutObject"]
          Resource = ["${var.bucket_arns.releases}/releases/CURRENT", "${var.bucket_arns.releases}/releases/audit/*"]
        },
        {
          Sid      = "EndPromotions"
          Effect   = "Allow"
          Action   = ["s3:DeleteObject"]
          Resource = ["${var.bucket_arns.releases}/releases/audit/pending.json"]
        },
        local.encrypt_and_decrypt,
      ],
      local.read_releases,
      [for statement in [local.push_images] : statement if var.may_push_images],
    )
  })
}
