from azure.ai.ml import Input, MLClient, Output, command, load_component
from azure.ai.ml.dsl import pipeline
from azure.identity import DefaultAzureCredential

ml_client = MLClient.from_config(DefaultAzureCredential())
prepare = load_component(source="prepare.yml")
train = command(
    code="./src",
    command="python train.py --data ${{inputs.features}} --steps ${{inputs.steps}} --out ${{outputs.model}}",
    environment="trainer@latest",
    inputs={"features": Input(type="uri_folder"), "steps": Input(type="integer")},
    outputs={"model": Output(type="uri_folder")},
)


@pipeline(default_compute="cpu-cluster")
def digits(steps):
    prepared = prepare(share=0.8)
    trained = train(features=prepared.outputs.features, steps=steps)
    trained.compute = "gpu-cluster"
    return {"model": trained.outputs.model}


job = digits(steps=200)
job.outputs.model = Output(type="mlflow_model", name="digits")
ml_client.jobs.create_or_update(job, experiment_name="digits")
