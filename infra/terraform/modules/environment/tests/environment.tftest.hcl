# How the modules are put together: what holds between them, whatever the environment.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "111122223333"
    }
  }
}

variables {
  environment = "staging"
  region      = "eu-central-1"
  image       = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/trending-now/serving:0.1.0"
  repository_arns = {
    serving  = "arn:aws:ecr:eu-central-1:111122223333:repository/trending-now/serving"
    training = "arn:aws:ecr:eu-central-1:111122223333:repository/trending-now/training"
  }
  github = {
    repository        = "example-org/trending-now"
    environment       = "staging"
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
  }
  may_push_images      = true
  service_kind         = "ecs_express"
  size                 = { cpu = 1024, memory = 2048 }
  scaling              = { min = 1, max = 2 }
  settings             = {}
  secrets              = { TRENDING_MCP_TOKENS = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:tokens-AbCdEf" }
  subnet_ids           = []
  alarm_emails         = []
  log_days             = 30
  zenml_principal_arns = ["arn:aws:iam::111122223333:role/zenml-server"]
  force_destroy        = true
}

run "a_pipeline_writes_where_the_service_reads" {
  assert {
    condition     = output.stack_environment.TRENDING_RELEASES == "s3://trending-now-staging-releases-111122223333/releases"
    error_message = "releases go elsewhere"
  }
}

run "the_stack_finds_all_it_reads" {
  assert {
    condition = toset(keys(output.stack_environment)) == toset([
      "TRENDING_AWS_REGION", "TRENDING_AWS_ROLE", "TRENDING_DATA", "TRENDING_ECR_REGISTRY", "TRENDING_FEATURE_STORE", "TRENDING_FEEDBACK", "TRENDING_MONITORING", "TRENDING_RELEASES", "TRENDING_S3_ARTIFACTS", "TRENDING_SAGEMAKER_ROLE",
    ])
    error_message = "a variable is missing or one too many"
  }
}

run "app_runner_takes_the_same_inputs" {
  variables {
    service_kind = "app_runner"
  }
  assert {
    condition     = output.service.kind == "app_runner" && output.service.scaling.min == 1
    error_message = "the environment can't run on App Runner"
  }
}

run "prod_with_one_container_is_refused" {
  command = plan
  variables {
    environment   = "prod"
    force_destroy = false
  }
  expect_failures = [var.scaling]
}

run "prod_that_can_be_wiped_is_refused" {
  command = plan
  variables {
    environment = "prod"
    scaling     = { min = 2, max = 4 }
  }
  expect_failures = [var.force_destroy]
}

run "a_third_environment_is_refused" {
  command = plan
  variables {
    environment = "demo"
  }
  expect_failures = [var.environment]
}

run "a_region_that_isnt_one_is_refused" {
  command = plan
  variables {
    region = "Frankfurt"
  }
  expect_failures = [var.region]
}
