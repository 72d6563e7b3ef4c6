# Completion of specrun for fish. Once: specrun completion fish > ~/.config/fish/completions/specrun.fish
function __specrun_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    _SPECRUN_COMPLETE=fish $program $words "$current" 2>/dev/null
end
complete -c specrun -f -k -a "(__specrun_complete)"
