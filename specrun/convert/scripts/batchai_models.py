"""The classes of azure-mgmt-batchai by which a script says what a Batch AI file says, with their fields."""

from __future__ import annotations

_FIELDS = {
    "AppInsightsReference": "component instrumentation_key instrumentation_key_secret_reference",
    "AutoScaleSettings": "minimum_node_count maximum_node_count initial_node_count",
    "AzureBlobFileSystemReference": "account_name container_name credentials relative_mount_path mount_options",
    "AzureFileShareReference": "account_name azure_file_url credentials relative_mount_path file_mode directory_mode",
    "AzureStorageCredentialsInfo": "account_key account_key_secret_reference",
    "Caffe2Settings": "python_script_file_path python_interpreter_path command_line_args",
    "CaffeSettings": (
        "config_file_path python_script_file_path python_interpreter_path command_line_args process_count"
    ),
    "ChainerSettings": "python_script_file_path python_interpreter_path command_line_args process_count",
    "ClusterCreateParameters": (
        "vm_size vm_priority scale_settings virtual_machine_configuration node_setup user_account_settings subnet"
    ),
    "CNTKsettings": (
        "language_type config_file_path python_script_file_path python_interpreter_path command_line_args process_count"
    ),
    "ContainerSettings": "image_source_registry shm_size",
    "CustomMpiSettings": "command_line process_count",
    "CustomToolkitSettings": "command_line",
    "EnvironmentVariable": "name value",
    "EnvironmentVariableWithSecretValue": "name value value_secret_reference",
    "FileServerReference": "file_server source_directory relative_mount_path mount_options",
    "HorovodSettings": "python_script_file_path python_interpreter_path command_line_args process_count",
    "ImageReference": "publisher offer sku version virtual_machine_image_id",
    "ImageSourceRegistry": "server_url image credentials",
    "InputDirectory": "id path",
    "JobBasePropertiesConstraints": "max_wall_clock_time",
    "JobCreateParameters": (
        "scheduling_priority cluster mount_volumes node_count container_settings cntk_settings"
        " py_torch_settings tensor_flow_settings caffe_settings caffe2_settings chainer_settings"
        " custom_toolkit_settings custom_mpi_settings horovod_settings job_preparation"
        " std_out_err_path_prefix input_directories output_directories environment_variables secrets"
        " constraints"
    ),
    "JobPreparation": "command_line",
    "KeyVaultSecretReference": "source_vault secret_url",
    "ManualScaleSettings": "target_node_count node_deallocation_option",
    "MountVolumes": "azure_file_shares azure_blob_file_systems file_servers unmanaged_file_systems",
    "NodeSetup": "setup_task mount_volumes performance_counters_settings",
    "OutputDirectory": "id path_prefix path_suffix",
    "PerformanceCountersSettings": "app_insights_reference",
    "PrivateRegistryCredentials": "username password password_secret_reference",
    "PyTorchSettings": (
        "python_script_file_path python_interpreter_path command_line_args process_count communication_backend"
    ),
    "ResourceId": "id",
    "ScaleSettings": "manual auto_scale",
    "SetupTask": ("command_line environment_variables secrets std_out_err_path_prefix std_out_err_path_suffix"),
    "TensorFlowSettings": (
        "python_script_file_path python_interpreter_path master_command_line_args"
        " worker_command_line_args parameter_server_command_line_args worker_count"
        " parameter_server_count"
    ),
    "UnmanagedFileSystemReference": "mount_command relative_mount_path",
    "UserAccountSettings": "admin_user_name admin_user_ssh_public_key admin_user_password",
    "VirtualMachineConfiguration": "image_reference",
}
MODELS: dict[str, tuple[str, ...]] = {name: tuple(fields.split()) for name, fields in _FIELDS.items()}
"""Each class with its fields, in the order of the constructor of the older releases."""
