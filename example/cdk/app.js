// The example by AWS CDK. After `make`, in this folder: `npm install`, then `npx cdk deploy`.
const { App, CfnOutput, IgnoreMode, Stack } = require('aws-cdk-lib');
const { Architecture, Code, Function, LayerVersion, Runtime } = require('aws-cdk-lib/aws-lambda');

const stack = new Stack(new App(), 'open-runtime-example-cdk');

const openRuntime = new LayerVersion(stack, 'OpenRuntime', {
  code: Code.fromAsset('../../dist/open-runtime-arm64.zip'),
  compatibleArchitectures: [Architecture.ARM_64],
});

const hello = new Function(stack, 'Hello', {
  runtime: Runtime.NODEJS_22_X, // AWS's runtime brings the interpreter, Open Runtime does the rest
  architecture: Architecture.ARM_64,
  memorySize: 256,
  handler: 'handler.hello',
  code: Code.fromAsset('..', {
    exclude: ['/*', '!/handler.js', '!/middlewares'],
    ignoreMode: IgnoreMode.GIT,
  }),
  layers: [openRuntime],
  environment: {
    AWS_LAMBDA_EXEC_WRAPPER: '/opt/open-runtime',
    SLSMIDDLEWARES: 'polite', // in middlewares/, beside the code
  },
});

new CfnOutput(stack, 'HelloName', { value: hello.functionName });
