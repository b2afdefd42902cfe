# The shared PostgreSQL of prod: its own state and its own life, apart from every cluster's.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.88, < 6.0"
    }
  }

  backend "s3" {
    bucket       = "goldenpath-terraform-state"
    key          = "prod-rds/terraform.tfstate"
    region       = "eu-west-2"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      Environment = local.environment
      ManagedBy   = "terraform"
      Platform    = var.prefix
      Source      = "envs/prod-rds"
    }
  }
}

locals {
  environment = "prod"

  # Who pgtenant logs in as, in the Job and in the function that rotates.
  admin_secret_arn = coalesce(var.admin_secret_arn, module.rds.master_secret_arn)
}

module "rds" {
  source = "../../infrastructure/terraform/rds"

  prefix      = var.prefix
  environment = local.environment

  vpc_id                     = var.vpc_id
  database_subnet_ids        = var.database_subnet_ids
  rds_security_group_id      = var.rds_security_group_id
  cluster_security_group_ids = var.cluster_security_group_ids
  peered_cidrs               = var.peered_cidrs
  privatelink                = var.privatelink
  private_dns                = var.private_dns

  engine_version              = var.engine_version
  allow_major_version_upgrade = var.allow_major_version_upgrade
  instance_class              = var.instance_class
  multi_az                    = var.multi_az
  allocated_storage           = var.allocated_storage
  max_allocated_storage       = var.max_allocated_storage
  parameter_group_suffix      = var.parameter_group_suffix
  deletion_protection         = var.deletion_protection
  apply_immediately           = var.apply_immediately

  application_risks          = compact([for entry in values(var.application_databases) : entry.risk])
  backup_retention_days      = var.backup_retention_days
  master_password_generation = var.master_password_generation
  secret_endpoint            = var.secret_endpoint
}

module "app_secrets" {
  source = "../../infrastructure/terraform/app-secrets"

  prefix                = var.prefix
  environment           = local.environment
  application_databases = var.application_databases
  readable_secrets      = var.readable_secrets

  host                 = try(coalesce(var.secret_endpoint.host), module.rds.address)
  port                 = try(coalesce(var.secret_endpoint.port), module.rds.port)
  kms_key_arn          = module.rds.secrets_kms_key_arn
  password_generations = var.password_generations
  rotation_lambda_arn  = one(concat(values(module.rotation)[*].function_arn, compact([var.rotation_lambda_arn])))
}

module "rotation" {
  source   = "../../infrastructure/terraform/rotation"
  for_each = var.rotation_package == null ? {} : { function = var.rotation_package }

  prefix       = var.prefix
  environment  = local.environment
  package      = each.value
  architecture = var.rotation_architecture
  concurrency  = var.rotation_concurrency

  vpc_id                     = var.vpc_id
  subnet_ids                 = var.database_subnet_ids
  database_security_group_id = module.rds.security_group_id
  port                       = module.rds.port
  secrets_endpoint           = var.rotation_secrets_endpoint

  admin_secret_arn = local.admin_secret_arn
  kms_key_arn      = module.rds.secrets_kms_key_arn
  alarm_topic_arns = var.alarm_topic_arns
}

module "provisioner_role" {
  source   = "../../infrastructure/terraform/provisioner-role"
  for_each = var.cluster_oidc_provider_arn == null ? {} : { cluster = var.cluster_oidc_provider_arn }

  prefix                        = var.prefix
  environment                   = local.environment
  oidc_provider_arn             = each.value
  admin_secret_arn              = local.admin_secret_arn
  environment_reader_policy_arn = module.app_secrets.environment_reader_policy_arn
  kms_key_arn                   = module.rds.secrets_kms_key_arn
}
