resource "aws_apprunner_auto_scaling_configuration_version" "this" {
  count                           = local.express ? 0 : 1
  auto_scaling_configuration_name = var.name
  min_size                        = var.scaling.min
  max_size                        = var.scaling.max
  max_concurrency                 = var.scaling.concurrency
}

# App Runner replaces a service only by one that passes its health check; it has no weights for traffic.
resource "aws_apprunner_service" "this" {
  count                          = local.express ? 0 : 1
  service_name                   = var.name
  auto_scaling_configuration_arn = aws_apprunner_auto_scaling_configuration_version.this[0].arn

  source_configuration {
    auto_deployments_enabled = false
    authentication_configuration {
      access_role_arn = var.roles.execution
    }
    image_repository {
      image_identifier      = var.image
      image_repository_type = "ECR"
      image_configuration {
        port                          = tostring(var.port)
        runtime_environment_variables = var.environment
        runtime_environment_secrets   = var.secrets
      }
    }
  }

  instance_configuration {
    cpu               = tostring(var.size.cpu)
    memory            = tostring(var.size.memory)
    instance_role_arn = var.roles.task
  }

  health_check_configuration {
    protocol            = "HTTP"
    path                = var.health_check_path
    interval            = 10
    timeout             = 5
    healthy_threshold   = 1
    unhealthy_threshold = 5
  }

  network_configuration {
    ingress_configuration {
      is_publicly_accessible = true
    }
    egress_configuration {
      egress_type = "DEFAULT"
    }
  }

  lifecycle {
    ignore_changes = [source_configuration[0].image_repository[0].image_identifier]
  }
}
