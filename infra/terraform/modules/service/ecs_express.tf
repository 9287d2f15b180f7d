resource "aws_ecs_cluster" "this" {
  count = local.express ? 1 : 0
  name  = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

# Express Mode makes load balancer, certificate and scaling itself, and every update is a canary: 5 % of the traffic for three minutes, back
# again if more than 1 % of the answers are errors. The resource has no argument for either.
resource "aws_ecs_express_gateway_service" "this" {
  count                   = local.express ? 1 : 0
  service_name            = var.name
  cluster                 = aws_ecs_cluster.this[0].name
  execution_role_arn      = var.roles.execution
  infrastructure_role_arn = var.roles.infrastructure
  task_role_arn           = var.roles.task
  cpu                     = tostring(var.size.cpu)
  memory                  = tostring(var.size.memory)
  health_check_path       = var.health_check_path
  wait_for_steady_state   = true

  network_configuration = length(var.subnet_ids) == 0 ? null : [{ subnets = var.subnet_ids, security_groups = null }]

  scaling_target = [{
    min_task_count            = var.scaling.min
    max_task_count            = var.scaling.max
    auto_scaling_metric       = "AVERAGE_CPU"
    auto_scaling_target_value = var.scaling.cpu_percent
  }]

  primary_container {
    image                  = var.image
    container_port         = var.port
    aws_logs_configuration = [{ log_group = var.log_group, log_stream_prefix = "service" }]

    dynamic "environment" {
      for_each = var.environment
      content {
        name  = environment.key
        value = environment.value
      }
    }

    dynamic "secret" {
      for_each = var.secrets
      content {
        name       = secret.key
        value_from = secret.value
      }
    }
  }

  lifecycle {
    ignore_changes = [primary_container[0].image]
  }
}
