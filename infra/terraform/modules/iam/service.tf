# The roles of the running service. Secrets are read by whoever starts the container: ECS's execution role, App Runner's instance role.

resource "aws_iam_role" "task" {
  name        = "${var.name}-task"
  description = "What the service itself may do: read releases, add recordings"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge({
      Effect    = "Allow"
      Principal = { Service = local.express ? "ecs-tasks.amazonaws.com" : "tasks.apprunner.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }, { for key, value in { Condition = local.own_account } : key => value if local.express })]
  })
}

resource "aws_iam_role_policy" "task" {
  name = "read-releases-and-add-recordings"
  role = aws_iam_role.task.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.read_releases, [local.add_recordings, local.encrypt_and_decrypt], [for statement in local.read_secrets : statement if !local.express])
  })
}

resource "aws_iam_role" "execution" {
  name        = "${var.name}-execution"
  description = "What starts the service's containers"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge({
      Effect    = "Allow"
      Principal = { Service = local.express ? "ecs-tasks.amazonaws.com" : "build.apprunner.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }, { for key, value in { Condition = local.own_account } : key => value if local.express })]
  })
}

resource "aws_iam_role_policy" "execution" {
  name = "start-containers"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        local.log_in,
        {
          Sid      = "PullServingImage"
          Effect   = "Allow"
          Action   = concat(local.pull_actions, ["ecr:DescribeImages"])
          Resource = [var.repository_arns.serving]
        },
      ],
      [for statement in concat([local.decrypt], local.read_secrets) : statement if local.express],
      [for statement in [{
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${var.log_group_arn}:*"]
      }] : statement if local.express],
    )
  })
}

resource "aws_iam_role" "infrastructure" {
  count       = local.express ? 1 : 0
  name        = "${var.name}-infrastructure"
  description = "What ECS Express Mode makes for the service: load balancer, certificate, security groups, scaling"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = local.own_account
    }]
  })
}

# AWS keeps this policy in step with what Express Mode creates; a copy of ours would fall behind.
resource "aws_iam_role_policy_attachment" "infrastructure" {
  count      = local.express ? 1 : 0
  role       = aws_iam_role.infrastructure[0].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSInfrastructureRoleforExpressGatewayServices"
}
