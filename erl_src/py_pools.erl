%% @private Pools: their start and stop, and the code that their fresh interpreters run.
-module(py_pools).

-export([start/2, stop/1, on_restart/2, exists/1, table_is_up/1, start_error/1]).

-type failure() :: {error, {no_pool, atom()}} | {down, not_started}.

%% @doc Returns when all its interpreters take calls.
-spec start(term(), term()) -> ok | {error, term()} | {badarg, py_error:cause()} | {down, not_started}.
start(Pool, Given) ->
    case {py_pool_config:is_name(Pool), py_tables:fact(config), py_tables:pool(Pool)} of
        {false, _, _} -> {badarg, {1, pool}};
        {_, unknown, _} -> {down, not_started};
        {_, _, {ok, _}} -> {error, {already_started, Pool}};
        {true, {ok, Config}, none} -> configured(Pool, pyport_config:pool(Given, Config))
    end.

configured(Pool, {ok, Options}) ->
    ok = py_tables:put_pool(Pool, Options),
    try py_pool_sup:start_pool(Pool) of
        {ok, _} -> ok;
        {error, {already_started, _}} -> {error, {already_started, Pool}};
        {error, Why} ->
            ok = forget(Pool),
            {error, start_error(Why)}
    catch
        exit:{_, {gen_server, call, _}} -> {down, not_started}
    end;
configured(_, {error, _} = Error) -> Error.

%% @doc Why a child of a supervisor did not start, without the supervisors on the way.
-spec start_error(term()) -> term().
start_error({shutdown, {failed_to_start_child, Id, Why}}) when Id =:= keeper; Id =:= ports -> start_error(Why);
start_error(Why) -> Why.

%% @doc Calls that run or wait there get `{error, {worker_died, _}}'.
-spec stop(term()) -> ok | failure().
stop(Pool) ->
    case exists(Pool) of
        ok ->
            ok = py_tables:delete_pool(Pool),   % from now on nobody finds it
            try py_pool_sup:stop_pool(Pool) of
                ok -> forget(Pool);
                {error, not_found} -> {error, {no_pool, Pool}}
            catch
                exit:{_, {gen_server, call, _}} -> {down, not_started}
            end;
        Failure -> Failure
    end.

forget(Pool) ->
    ok = py_tables:delete_pool(Pool),
    ok = py_tables:delete_server({keeper, Pool}),
    ok = py_tables:delete_server({ports, Pool}),
    py_owner:pool_is_gone(Pool).

%% @doc Code for each interpreter that is started from now on.
-spec on_restart(term(), term()) -> ok | {badarg, py_error:cause()} | failure().
on_restart(Pool, Code) ->
    case {exists(Pool), py_names:text(Code)} of
        {_, {ok, _}} when is_atom(Code) -> {badarg, {2, code}};
        {_, error} -> {badarg, {2, code}};
        {ok, {ok, Text}} ->
            {ok, Options} = py_tables:pool(Pool),
            py_tables:put_pool(Pool, Options#{on_restart := Text});
        {Failure, _} -> Failure
    end.

-spec exists(term()) -> ok | failure().
exists(Pool) ->
    case {py_tables:pool(Pool), py_tables:fact(config)} of
        {{ok, _}, _} -> ok;
        {none, {ok, _}} -> {error, {no_pool, Pool}};
        {none, unknown} -> {down, not_started}
    end.

%% @doc The table's port is up. OS processes that have another file than the present one in their memory are
%% started anew.
-spec table_is_up(pos_integer()) -> ok.
table_is_up(Incarnation) ->
    case py_tables:fact(incarnation) of
        {ok, Incarnation} -> ok;
        unknown -> py_tables:put_fact(incarnation, Incarnation);
        {ok, _} ->
            ok = py_tables:put_fact(incarnation, Incarnation),
            lists:foreach(fun({Pool, _}) -> py_keeper:restart_all(Pool, table_lost) end, py_tables:pools())
    end.
