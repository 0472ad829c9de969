#!/bin/sh
description='the example as AWS SAM, AWS CDK and Terraform take it'
. ./lib/lib.sh
. ./package/deploy/lib.sh

# fetch_more_tools: fetches the CDK and the schemas of Terraform's providers.
fetch_more_tools() {
	fetch_tools &&
		"$tests/lib/npm-install" "$repository/example/cdk" "$tools/cdk" &&
		"$tests/lib/npm-install" "$tests/package/deploy/terraform" "$tools/terraform"
}

# synthesize: writes the template and the assets of the CDK into services/example/cdk/cdk.out.
synthesize() (
	ln -s "$tools/cdk/node_modules" services/example/cdk/node_modules &&
		cd services/example/cdk &&
		node_modules/.bin/cdk synth --quiet --no-notices
)

# of_function TEMPLATE EXPRESSION: prints the expression's value for the properties of the template's function in Node.js.
of_function() {
	python -c "
import json, sys
resources = json.load(open(sys.argv[1]))['Resources'].values()
function, = (each['Properties'] for each in resources if each['Type'] == 'AWS::Lambda::Function')
print($2)" "$1"
}

# fetch_sam: fetches AWS's SAM CLI. pip wants a hash for botocore[crt], beside that of botocore. So it gets --no-deps: the lock file
# has all dependencies.
fetch_sam() {
	fetch_venv "$tests/package/deploy/sam.txt" "$tools/sam" --no-deps
}

# sam_validate TEMPLATE
sam_validate() {
	HOME=$work SAM_CLI_TELEMETRY=0 "$tools/sam/bin/sam" validate --lint --template "$1" >told 2>&1
}

needs
fetch "AWS's SAM CLI" fetch_sam

check 'sam validate accepts the template for AWS SAM, and no template with an unknown property' '
	sam_validate "$repository/example/template.yaml" &&
	says told "is a valid SAM Template" &&
	sed "s/MemorySize/MemorySizes/" "$repository/example/template.yaml" >template.yaml &&
	fails_to sam_validate template.yaml &&
	says told MemorySizes
'

needs npm
fetch 'CDK, cfn-lint and schemas of Terraform' fetch_more_tools

check 'cfn-lint reports nothing about the template for AWS SAM' '
	copy_services &&
	cfn-lint services/example/template.yaml
'

check 'cdk synth accepts the layer unchanged, and packages the handler with its middleware' '
	copy_services &&
	synthesize &&
	out=services/example/cdk/cdk.out &&
	cmp "$out"/asset.*.zip services/dist/open-runtime-arm64.zip &&
	(cd "$out"/asset.*[0-9a-f]/ && find . -type f | sort) >files &&
	same "./handler.js ./middlewares/polite" "$(tr "\n" " " <files | sed "s/ $//")" &&
	test -x "$out"/asset.*[0-9a-f]/middlewares/polite &&
	same "handler.hello nodejs22.x /opt/open-runtime polite" "$(of_function "$out/open-runtime-example-cdk.template.json" \
		"function[\"Handler\"], function[\"Runtime\"], *function[\"Environment\"][\"Variables\"].values()" | tr -d "(),'\''")"
'

# W3005: the CDK writes dependencies that a reference has already.
check 'cfn-lint reports nothing about the template of the CDK' '
	copy_services &&
	synthesize &&
	cfn-lint --ignore-checks W3005 -- services/example/cdk/cdk.out/open-runtime-example-cdk.template.json
'

# No package registry has the providers themselves. So the tests compare arguments, and make no plan.
check 'the file of Terraform has every required argument of its providers, and no unknown one' '
	python "$tests/package/deploy/terraform/check.py" "$repository/example/terraform/main.tf" "$tools/terraform/node_modules" >found &&
	same "5 resources and data sources" "$(cat found)"
'

check 'an unknown argument of a provider is noticed' '
	sed "s/memory_size /memory_sizes/; s/layer_name /layer_nam/" "$repository/example/terraform/main.tf" >main.tf &&
	fails_to python "$tests/package/deploy/terraform/check.py" main.tf "$tools/terraform/node_modules" >found &&
	says found "aws_lambda_layer_version: layer_name is missing" &&
	says found "aws_lambda_function: there is no memory_sizes"
'

check 'the files that the file of Terraform names exist' '
	sed -n "s,.*\"\${path.module}/\(\.\./[^\"]*\)\".*,\1,p" "$repository/example/terraform/main.tf" >named &&
	test "$(wc -l <named)" -eq 3 &&
	while read -r file
	do
		test -e "$repository/example/terraform/$file" || return
	done <named
'

if command -v terraform >/dev/null
then
	check 'terraform fmt changes nothing' '
		terraform fmt -check -diff "$repository/example/terraform"
	'
fi

finish
