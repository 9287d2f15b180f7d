mock_provider "aws" {}

variables {
  project     = "trending-now"
  kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/example"
}

run "a_tag_cant_be_moved" {
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE"])
    error_message = "what was tested may not be what is deployed"
  }
  assert {
    condition     = toset(keys(output.repositories)) == toset(["serving", "training"])
    error_message = "an image has no repository"
  }
}

run "images_are_scanned_and_encrypted" {
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_scanning_configuration[0].scan_on_push])
    error_message = "an image isn't scanned when it is pushed"
  }
  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.encryption_configuration[0].kms_key == var.kms_key_arn])
    error_message = "an image isn't encrypted with the key"
  }
}

run "images_go_by_age_however_many_come" {
  assert {
    condition = alltrue([for policy in aws_ecr_lifecycle_policy.this : jsondecode(policy.policy).rules[1].selection == {
      tagStatus = "any", countType = "sinceImagePushed", countUnit = "days", countNumber = 180
    }])
    error_message = "many pushes, or a short while, can take away the image that runs"
  }
}

run "nobody_else_pulls_unless_named" {
  assert {
    condition     = length(aws_ecr_repository_policy.this) == 0
    error_message = "a repository is shared by default"
  }
}

run "an_account_that_is_named_may_pull_and_not_push" {
  variables {
    reader_account_ids = ["444455556666"]
  }
  assert {
    condition = alltrue([for policy in aws_ecr_repository_policy.this : alltrue([for statement in jsondecode(policy.policy).Statement :
      statement.Principal == { AWS = ["arn:aws:iam::444455556666:root"] } && !anytrue([for action in statement.Action : can(regex("Put|Upload|Delete|\\*", action))])
    ])])
    error_message = "another account may do more than pull"
  }
}

run "too_short_a_time_is_refused" {
  command = plan
  variables {
    kept_days = 30
  }
  expect_failures = [var.kept_days]
}
