#compdef specrun
# Completion of specrun for zsh. In ~/.zshrc, behind compinit: source <(specrun completion zsh)
_specrun() {
    local line value about kind width=0
    local -a before open open_shown closed closed_shown parts
    if [[ $PREFIX == \~* ]]; then
        _files
        return
    fi
    (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
    while IFS= read -r line; do
        parts=("${(@ps:\t:)line}")
        value=$parts[1] about=$parts[2] kind=$parts[3]
        if [[ $kind == open ]]; then
            open+=("$value") open_shown+=("$value${about:+  -- $about}")
        else
            closed+=("$value") closed_shown+=("$value${about:+  -- $about}")
        fi
    done < <(_SPECRUN_COMPLETE=zsh ${~words[1]} "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)
    (( $#open )) && compadd -l -d open_shown -S '' -a open
    (( $#closed )) && compadd -l -d closed_shown -a closed
    return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _specrun "$@"
else
    compdef _specrun specrun
fi
