mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::111122223333:role/trending-now-test-zenml"
    }
  }
}

variables {
  name                    = "trending-now-test"
  account_id              = "111122223333"
  region                  = "eu-central-1"
  artifact_bucket         = { name = "artifacts", arn = "arn:aws:s3:::artifacts" }
  kms_key_arn             = "arn:aws:kms:eu-central-1:111122223333:key/example"
  training_repository_arn = "arn:aws:ecr:eu-west-1:444455556666:repository/trending-now/training"
  training_role_arn       = "arn:aws:iam::111122223333:role/trending-now-test-training"
  principal_arns          = ["arn:aws:iam::111122223333:role/zenml-server"]
}

run "the_stack_finds_what_it_reads" {
  assert {
    condition = tomap(output.stack_environment) == tomap({
      TRENDING_AWS_REGION     = "eu-central-1"
      TRENDING_S3_ARTIFACTS   = "s3://artifacts"
      TRENDING_ECR_REGISTRY   = "444455556666.dkr.ecr.eu-west-1.amazonaws.com"
      TRENDING_SAGEMAKER_ROLE = "arn:aws:iam::111122223333:role/trending-now-test-training"
      TRENDING_AWS_ROLE       = "arn:aws:iam::111122223333:role/trending-now-test-zenml"
    })
    error_message = "a variable is missing, or has another value"
  }
}

run "only_those_named_take_on_the_connectors_role" {
  assert {
    condition     = jsondecode(aws_iam_role.connector[0].assume_role_policy).Statement[0].Principal == { AWS = ["arn:aws:iam::111122223333:role/zenml-server"] }
    error_message = "somebody else may take it on"
  }
}

run "the_connector_writes_artifacts_and_hands_on_the_training_role_alone" {
  assert {
    condition = flatten([for statement in jsondecode(aws_iam_role_policy.connector[0].policy).Statement : statement.Resource if contains(statement.Action, "s3:PutObject")
    ]) == ["arn:aws:s3:::artifacts/*"]
    error_message = "the connector writes elsewhere"
  }
  assert {
    condition = flatten([for statement in jsondecode(aws_iam_role_policy.connector[0].policy).Statement : statement.Resource if contains(statement.Action, "iam:PassRole")
    ]) == [var.training_role_arn]
    error_message = "the connector hands on another role"
  }
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.connector[0].policy).Statement : statement.Action if contains(statement.Resource, "*")
    ])) == toset(["ecr:DescribeRegistry", "ecr:GetAuthorizationToken"])
    error_message = "something else is allowed on every resource"
  }
}

run "the_connector_submits_and_stops_runs_in_shards_as_jobs_of_this_account" {
  assert {
    condition = alltrue([for action in ["sagemaker:CreateProcessingJob", "sagemaker:StopProcessingJob"] : flatten([
      for statement in jsondecode(aws_iam_role_policy.connector[0].policy).Statement : statement.Resource if contains(statement.Action, action)
    ]) == ["arn:aws:sagemaker:eu-central-1:111122223333:processing-job/*"]])
    error_message = "a run in shards can't be submitted or stopped, or elsewhere too"
  }
}

run "the_connector_changes_no_image" {
  assert {
    condition     = !anytrue(flatten([for statement in jsondecode(aws_iam_role_policy.connector[0].policy).Statement : [for action in statement.Action : startswith(action, "ecr:") && can(regex("Put|Upload|Delete", action))]]))
    error_message = "the connector may push or delete images"
  }
}

run "without_anyone_to_take_it_on_there_is_no_role" {
  variables {
    principal_arns = []
  }
  assert {
    condition     = length(aws_iam_role.connector) == 0 && !can(output.stack_environment.TRENDING_AWS_ROLE)
    error_message = "a role nobody needs is made"
  }
}

run "a_whole_account_is_refused" {
  command = plan
  variables {
    principal_arns = ["arn:aws:iam::111122223333:root"]
  }
  expect_failures = [var.principal_arns]
}
