#!/bin/bash
# Makes a cluster and trains on it, with the Azure ML CLI v1.
set -e
group=ml-rg
workspace="ml-$SUFFIX"
az ml folder attach -g $group -w "$workspace"
az ml computetarget create amlcompute -n gpu-cluster -s ${SIZE:-STANDARD_NC6} \
    --min-nodes 0 --max-nodes 4 --idle-seconds-before-scaledown 600 --vm-priority lowpriority
az ml datastore attach-blob -n training -a mlstore -c data -k "$STORE_KEY"
az ml datastore upload -n training -p data/digits -u digits
# the data first
az ml run submit-script -c local -e digits prepare.py
RUN=$(az ml run submit-script -c train -e digits --source-directory src -t run.json \
    train.py --steps 200 --rate "$RATE" --note 'two words')
az ml job create --file later/job.yml
