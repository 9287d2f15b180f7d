mock_provider "aws" {
  mock_resource "aws_ecs_express_gateway_service" {
    defaults = {
      service_arn   = "arn:aws:ecs:eu-central-1:111122223333:service/trending-now-test/trending-now-test"
      ingress_paths = [{ access_type = "PUBLIC", endpoint = "https://tr-0123.ecs.eu-central-1.on.aws/" }]
    }
  }
  mock_resource "aws_apprunner_service" {
    defaults = {
      arn         = "arn:aws:apprunner:eu-central-1:111122223333:service/trending-now-test/0123"
      service_url = "0123.eu-central-1.awsapprunner.com"
    }
  }
}

variables {
  name        = "trending-now-test"
  image       = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trending-now/serving:0.1.0"
  environment = { TRENDING_RELEASES = "s3://releases/releases", TRENDING_RATE_LIMIT = "60/minute" }
  secrets     = { TRENDING_MCP_TOKENS = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:tokens-AbCdEf" }
  roles = {
    task           = "arn:aws:iam::111122223333:role/task"
    execution      = "arn:aws:iam::111122223333:role/execution"
    infrastructure = "arn:aws:iam::111122223333:role/infrastructure"
  }
  log_group = "/trending-now-test/service"
  size      = { cpu = 1024, memory = 2048 }
  scaling   = { min = 2, max = 4 }
}

run "ecs_express_is_the_default_and_alone" {
  assert {
    condition     = length(aws_ecs_express_gateway_service.this) == 1 && length(aws_ecs_cluster.this) == 1
    error_message = "no Express service"
  }
  assert {
    condition     = length(aws_apprunner_service.this) == 0 && length(aws_apprunner_auto_scaling_configuration_version.this) == 0
    error_message = "App Runner as well"
  }
  assert {
    condition     = output.url == "https://tr-0123.ecs.eu-central-1.on.aws" && output.kind == "ecs_express"
    error_message = "the address isn't that of the Express service"
  }
}

run "an_express_service_gets_what_it_is_given" {
  assert {
    condition = tomap({ for variable in aws_ecs_express_gateway_service.this[0].primary_container[0].environment : variable.name => variable.value }) == tomap({
      TRENDING_RELEASES = "s3://releases/releases", TRENDING_RATE_LIMIT = "60/minute"
    })
    error_message = "environment variables are lost"
  }
  assert {
    condition     = tomap({ for secret in aws_ecs_express_gateway_service.this[0].primary_container[0].secret : secret.name => secret.value_from }) == var.secrets
    error_message = "secrets are lost"
  }
  assert {
    condition     = aws_ecs_express_gateway_service.this[0].scaling_target[0].min_task_count == 2 && aws_ecs_express_gateway_service.this[0].scaling_target[0].max_task_count == 4
    error_message = "it scales otherwise"
  }
  assert {
    condition     = aws_ecs_express_gateway_service.this[0].primary_container[0].container_port == 8000 && aws_ecs_express_gateway_service.this[0].health_check_path == "/ready"
    error_message = "it is asked at another port or path than the service answers at"
  }
  assert {
    condition     = aws_ecs_express_gateway_service.this[0].primary_container[0].aws_logs_configuration[0].log_group == var.log_group
    error_message = "logs go elsewhere"
  }
}

run "app_runner_instead_of_ecs_with_the_same_inputs_and_outputs" {
  variables {
    service_kind = "app_runner"
    roles        = { task = "arn:aws:iam::111122223333:role/task", execution = "arn:aws:iam::111122223333:role/execution", infrastructure = null }
  }
  assert {
    condition     = length(aws_apprunner_service.this) == 1 && length(aws_ecs_express_gateway_service.this) == 0 && length(aws_ecs_cluster.this) == 0
    error_message = "not App Runner alone"
  }
  assert {
    condition     = output.url == "https://0123.eu-central-1.awsapprunner.com" && output.kind == "app_runner" && output.scaling == { min = 2, max = 4 }
    error_message = "the outputs aren't those of App Runner"
  }
  assert {
    condition = (
      aws_apprunner_service.this[0].source_configuration[0].image_repository[0].image_configuration[0].runtime_environment_variables == tomap(var.environment)
      && aws_apprunner_service.this[0].source_configuration[0].image_repository[0].image_configuration[0].runtime_environment_secrets == tomap(var.secrets)
    )
    error_message = "environment variables or secrets are lost"
  }
  assert {
    condition     = aws_apprunner_auto_scaling_configuration_version.this[0].min_size == 2 && aws_apprunner_auto_scaling_configuration_version.this[0].max_size == 4
    error_message = "it scales otherwise"
  }
}

run "a_third_kind_of_service_is_refused" {
  command = plan
  variables {
    service_kind = "lambda"
  }
  expect_failures = [var.service_kind]
}

run "an_image_by_latest_is_refused" {
  command = plan
  variables {
    image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trending-now/serving:latest"
  }
  expect_failures = [var.image]
}

run "an_image_without_a_tag_is_refused" {
  command = plan
  variables {
    image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trending-now/serving"
  }
  expect_failures = [var.image]
}

run "an_image_by_digest_is_taken" {
  command = plan
  variables {
    image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trending-now/serving@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  }
}

run "a_token_in_plain_text_is_refused" {
  command = plan
  variables {
    environment = { TRENDING_MCP_TOKENS = "not-a-secret-any-more" }
  }
  expect_failures = [var.environment]
}

run "a_service_without_tokens_for_mcp_is_refused" {
  command = plan
  variables {
    secrets = {}
  }
  expect_failures = [var.secrets]
}

run "a_secret_instead_of_its_arn_is_refused" {
  command = plan
  variables {
    secrets = { TRENDING_MCP_TOKENS = "not-a-secret-any-more" }
  }
  expect_failures = [var.secrets]
}

run "a_size_only_one_kind_has_is_refused" {
  command = plan
  variables {
    size = { cpu = 256, memory = 2048 }
  }
  expect_failures = [var.size]
}

run "fewer_than_one_container_is_refused" {
  command = plan
  variables {
    scaling = { min = 0, max = 2 }
  }
  expect_failures = [var.scaling]
}

run "one_subnet_is_refused" {
  command = plan
  variables {
    subnet_ids = ["subnet-0123"]
  }
  expect_failures = [var.subnet_ids]
}
