#!/bin/sh
# usage: train.sh STEPS
az ml computetarget create amlcompute -n cpu-cluster -s STANDARD_DS3_V2 --min-nodes 0 --max-nodes 2
az ml run submit-script -c prepare -e digits prepare.py
az ml run submit-script -c train -e digits -t run.json train.py --steps "$1"
