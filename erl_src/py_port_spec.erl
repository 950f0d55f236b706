%% @private What a py_port is to start: how open_port/2 is called and what HELLO says. Pure.
-module(py_port_spec).

-include("py_context.hrl").

-export([table/1, python/3, open_options/1, hello/2]).

-export_type([spec/0]).

-type spec() :: #{role := py_backoff:role(),
                  pool := atom(),
                  config := pyport_config:config(),
                  options => py_pool_config:options()}.    % of the pool; role python

-define(NO_LIMIT, 16#ffffffffffffffff).
-define(BUSY_LIMITS, {4 bsl 20, 8 bsl 20}).   % bytes; a port's own 128 KiB would be one large value

-spec table(pyport_config:config()) -> spec().
table(Config) -> #{role => table, pool => ?TABLE, config => Config}.

-spec python(atom(), py_pool_config:options(), pyport_config:config()) -> spec().
python(Pool, Options, Config) -> #{role => python, pool => Pool, options => Options, config => Config}.

-spec open_options(spec()) -> [term()].
open_options(Spec) ->
    [{packet, 4}, binary, exit_status, hide, {busy_limits_port, ?BUSY_LIMITS} | surroundings(Spec)].

surroundings(#{role := table}) -> [];
surroundings(#{options := #{env := Env, cwd := none}}) -> [{env, Env}];
surroundings(#{options := #{env := Env, cwd := Folder}}) -> [{env, Env}, {cd, Folder}].

%% @doc The map of HELLO. `Facts' are what only the moment of the start knows.
-spec hello(spec(), #{table := binary(), node := node(), node_pid := pos_integer(), stderr := binary(),
                      log_credit := pos_integer()}) -> map().
hello(#{role := Role, config := Config} = Spec, Facts) ->
    Common = (maps:with([max_frame, none], Config))#{role => Role},
    maps:merge(maps:merge(Common, maps:remove(stderr, Facts)), of_role(Spec, Facts)).

of_role(#{role := table, config := Config}, _) ->
    Limits = maps:with([max_table_bytes, max_dict_bytes, max_dict_keys, max_key_bytes, max_dicts], Config),
    #{limits => maps:map(fun(_, Limit) -> limit(Limit, ?NO_LIMIT) end, Limits)};
of_role(#{role := python, pool := Pool, options := Options}, #{stderr := Stderr}) ->
    #{isolation := Isolation, size := Size, max_memory := MaxMemory} = Options,
    (maps:with([isolation, python, python_path, max_queue, preload, on_restart, allow_import], Options))
        #{pool => Pool, interpreters => interpreters(Isolation, Size), max_memory => limit(MaxMemory, 0),
          stderr => Stderr}.

interpreters(process, _) -> 1;
interpreters(interpreter, Size) -> Size.

limit(infinity, None) -> None;
limit(Limit, _) -> Limit.
