# What each role may and may not do, read from its policy.

mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = {
      arn = "arn:aws:iam::111122223333:role/example"
    }
  }
}

variables {
  name         = "trending-now-test"
  account_id   = "111122223333"
  region       = "eu-central-1"
  service_kind = "ecs_express"
  bucket_arns  = { artifacts = "arn:aws:s3:::artifacts", data = "arn:aws:s3:::data", monitoring = "arn:aws:s3:::monitoring", releases = "arn:aws:s3:::releases" }
  kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/example"
  repository_arns = {
    serving  = "arn:aws:ecr:eu-central-1:111122223333:repository/trending-now/serving"
    training = "arn:aws:ecr:eu-central-1:111122223333:repository/trending-now/training"
  }
  log_group_arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/trending-now-test/service"
  secret_arns   = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:tokens-AbCdEf"]
  github = {
    repository        = "example-org/trending-now"
    environment       = "staging"
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
  }
  may_push_images = false
}

run "the_service_reads_releases_adds_recordings_and_nothing_else_and_ecs_its_secrets" {
  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_role_policy.task.policy).Statement : statement.Action])) == toset(["s3:ListBucket", "s3:GetObject", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"])
    error_message = "the service may do more than list, read, add, encrypt and decrypt"
  }
  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_role_policy.task.policy).Statement : statement.Resource])) == toset(["arn:aws:s3:::releases", "arn:aws:s3:::releases/releases/*", "arn:aws:s3:::monitoring/monitoring/*", "arn:aws:s3:::monitoring/feedback/*", var.kms_key_arn])
    error_message = "the service may read more than releases"
  }
  assert {
    condition = flatten([for statement in jsondecode(aws_iam_role_policy.task.policy).Statement : statement.Action if contains(statement.Resource, "arn:aws:s3:::monitoring/monitoring/*")
    ]) == ["s3:PutObject"]
    error_message = "recordings can't be added, or the service may read what was recorded"
  }
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if contains(statement.Action, "secretsmanager:GetSecretValue")
    ])) == toset(var.secret_arns)
    error_message = "the secrets can't be read, or more than these"
  }
}

run "policies_name_what_they_allow_and_on_what" {
  assert {
    condition = !anytrue(flatten([
      for policy in [aws_iam_role_policy.task, aws_iam_role_policy.execution, aws_iam_role_policy.training, aws_iam_role_policy.deploy, aws_iam_role_policy.learning] : [
        for statement in jsondecode(policy.policy).Statement : [for action in flatten([statement.Action]) : strcontains(action, "*")]
      ]
    ]))
    error_message = "an action is given by wildcard"
  }
  assert {
    condition = toset(flatten([
      for policy in [aws_iam_role_policy.task, aws_iam_role_policy.execution, aws_iam_role_policy.training, aws_iam_role_policy.deploy, aws_iam_role_policy.learning] : [
        for statement in jsondecode(policy.policy).Statement : statement.Action if contains(statement.Resource, "*")
      ]
    ])) == toset(["ecr:GetAuthorizationToken"])
    error_message = "something else is allowed on every resource"
  }
  assert {
    condition = alltrue(flatten([
      for policy in [aws_iam_role_policy.training, aws_iam_role_policy.deploy] : [
        for statement in jsondecode(policy.policy).Statement : can(statement.Condition.StringEquals["iam:PassedToService"]) if contains(statement.Action, "iam:PassRole")
      ]
    ]))
    error_message = "a role can be handed on to any service"
  }
}

run "one_repository_and_environment_deploys_one_service_and_moves_current_and_pushes_no_image" {
  assert {
    condition = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Principal = { Federated = var.github.oidc_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:example-org/trending-now:environment:staging"
      } }
    }]
    error_message = "somebody else may deploy"
  }
  assert {
    condition = flatten([for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement : statement.Resource if length(setintersection(statement.Action, ["s3:PutObject", "s3:DeleteObject"])) > 0
    ]) == ["arn:aws:s3:::releases/releases/CURRENT", "arn:aws:s3:::releases/releases/audit/*", "arn:aws:s3:::releases/releases/audit/pending.json"]
    error_message = "a deployment may write more than CURRENT and the audit trail"
  }
  assert {
    condition = flatten([for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement : statement.Resource if contains(statement.Action, "ecs:UpdateExpressGatewayService")
    ]) == ["arn:aws:ecs:eu-central-1:111122223333:service/trending-now-test/trending-now-test"]
    error_message = "a deployment may update another service, or none"
  }
  assert {
    condition     = !anytrue([for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement : contains(statement.Action, "ecr:PutImage")])
    error_message = "an image can be pushed"
  }
}

run "learning_has_an_environment_of_its_own" {
  assert {
    condition     = aws_iam_role.learning.assume_role_policy == replace(aws_iam_role.deploy.assume_role_policy, ":environment:staging", ":environment:staging-learning")
    error_message = "somebody else may learn, or whoever deploys"
  }
}

run "learning_writes_versions_and_releases_and_hands_on_no_role_but_its_own" {
  assert {
    condition = alltrue(flatten([for statement in jsondecode(aws_iam_role_policy.learning.policy).Statement : [
      for action in statement.Action : startswith(action, "s3:") || startswith(action, "kms:") || startswith(action, "dynamodb:")
    ]]))
    error_message = "learning may do more than read and write"
  }
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.learning.policy).Statement : statement.Resource if contains(statement.Action, "s3:PutObject")
    ])) == toset(["arn:aws:s3:::data/*", "arn:aws:s3:::releases/*"])
    error_message = "learning may write elsewhere, or not where versions and releases lie"
  }
  assert {
    condition     = aws_iam_role.learning.max_session_duration == 21600
    error_message = "a session ends before learning does"
  }
  assert {
    condition     = jsondecode(aws_iam_role.training.assume_role_policy).Statement[0].Principal.Service == "sagemaker.amazonaws.com" && jsondecode(aws_iam_role.training.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "another service or account may use the role"
  }
  assert {
    condition = flatten([for statement in jsondecode(aws_iam_role_policy.training.policy).Statement : statement.Resource if contains(statement.Action, "iam:PassRole")
    ]) == ["arn:aws:iam::111122223333:role/trending-now-test-training"]
    error_message = "training may hand on another role"
  }
}

run "where_images_are_built_they_can_be_pushed_to_the_two_repositories" {
  variables {
    may_push_images = true
  }
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement : statement.Resource if contains(statement.Action, "ecr:PutImage")
    ])) == toset(values(var.repository_arns))
    error_message = "images can't be pushed, or to other repositories"
  }
}

run "on_app_runner_the_service_reads_its_secrets_and_there_is_no_role_for_ecs" {
  variables {
    service_kind = "app_runner"
  }
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.task.policy).Statement : statement.Resource if contains(statement.Action, "secretsmanager:GetSecretValue")
    ])) == toset(var.secret_arns)
    error_message = "the secrets can't be read"
  }
  assert {
    condition     = length(aws_iam_role.infrastructure) == 0 && output.infrastructure_role_arn == null
    error_message = "a role for ECS is made"
  }
  assert {
    condition     = jsondecode(aws_iam_role.task.assume_role_policy).Statement[0].Principal.Service == "tasks.apprunner.amazonaws.com"
    error_message = "App Runner can't take the role on"
  }
  assert {
    condition = flatten([for statement in jsondecode(aws_iam_role_policy.deploy.policy).Statement : statement.Resource if contains(statement.Action, "apprunner:UpdateService")
    ]) == ["arn:aws:apprunner:eu-central-1:111122223333:service/trending-now-test/*"]
    error_message = "a deployment may update another service, or none"
  }
}

run "a_subject_with_ids_is_taken" {
  command = plan
  variables {
    github = { repository = "example-org@1234/trending-now@5678", environment = "staging", oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  }
  assert {
    condition     = strcontains(aws_iam_role.deploy.assume_role_policy, "repo:example-org@1234/trending-now@5678:environment:staging")
    error_message = "the ids are lost"
  }
}

run "all_repositories_of_an_owner_are_refused" {
  command = plan
  variables {
    github = { repository = "example-org/*", environment = "staging", oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  }
  expect_failures = [var.github]
}

run "any_environment_is_refused" {
  command = plan
  variables {
    github = { repository = "example-org/trending-now", environment = "*", oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  }
  expect_failures = [var.github]
}

run "all_secrets_are_refused" {
  command = plan
  variables {
    secret_arns = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:*"]
  }
  expect_failures = [var.secret_arns]
}
