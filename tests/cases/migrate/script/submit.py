from azureml.core import Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.train.dnn import TensorFlow

ws = Workspace.from_config()
config = AmlCompute.provisioning_configuration(vm_size="STANDARD_DS3_V2", max_nodes=2, idle_seconds_before_scaledown='300')
cluster = ComputeTarget.create(ws, "cpu-cluster", config)
datastore = ws.get_default_datastore()
datastore.upload(src_dir="data", target_path="digits", overwrite=True)
steps = load_settings()["steps"]
estimator = TensorFlow(
    source_directory="src", entry_script="train.py", compute_target=cluster, node_count=2,
    script_params={"--data": datastore.path("digits").as_mount(), "--steps": steps},
    framework_version="2.3", use_gpu=False,
)
run = Experiment(ws, "digits").submit(estimator)
