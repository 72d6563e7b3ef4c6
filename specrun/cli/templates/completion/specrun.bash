# Completion of specrun for bash. In ~/.bashrc: source <(specrun completion bash)
# (bash 3.2 of macOS: eval "$(specrun completion bash)")
_specrun() {
    local program=${1/#\~/$HOME} line
    COMPREPLY=()
    # Replies are written as bash wants to insert them: quoted, without what stands before the last of COMP_WORDBREAKS, and
    # with the blank behind them.
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(_SPECRUN_COMPLETE=bash "$program" "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
}
complete -o nospace -F _specrun specrun
