%% @private Versions and figures of what runs.
-module(py_info).

-include("py_context.hrl").
-include("py_protocol.hrl").

-export([version/0, info/0]).

-define(PATIENCE, 1000).   % milliseconds for all OS processes of the pools together

-spec version() -> #{pyport := binary(), program := binary(), python := binary(), protocol := pos_integer()}.
version() ->
    #context{program = Program} = py_context:get(),
    #{pyport => own_version(), program => Program, python => python(py_context:all_ports()),
      protocol => ?PROTOCOL_VERSION}.

%% All pools run the Python that the port program was built with.
python([#context{python = Python} | _]) -> Python;
python([]) -> <<>>.

%% pyport may be used without being loaded as an application; the port program is of the same version then.
own_version() ->
    case application:get_key(pyport, vsn) of
        {ok, Version} -> list_to_binary(Version);
        undefined -> <<"unknown">>
    end.

-spec info() -> map() | {error, term()} | {down, term()}.
info() ->
    Asked = [{Pool, Options, [ask(Status, Context) || {Status, Context} <- py_tables:ports(Pool)]}
             || {Pool, Options} <- py_tables:pools()],
    case py_dict:table_info() of
        {value, Table} ->
            Deadline = erlang:monotonic_time(millisecond) + ?PATIENCE,
            Pools = maps:from_list([{Pool, pool(Options, [told(One, Deadline) || One <- Asks])}
                                    || {Pool, Options, Asks} <- Asked]),
            whole(Table, Pools);
        Failure ->
            Now = erlang:monotonic_time(millisecond),
            _ = [told(One, Now) || {_, _, Asks} <- Asked, One <- Asks],
            Failure
    end.

whole(Table, Pools) ->
    Waiting = table_in_flight(),
    Workers = [Worker || #{workers := Workers} <- maps:values(Pools), Worker <- Workers],
    (maps:without([os_pid, uptime_ms], Table))
        #{table => (maps:with([os_pid, uptime_ms], Table))#{in_flight => Waiting},
          pools => Pools,
          in_flight => lists:sum([Waiting | [N || #{in_flight := N} <- Workers]]),
          namespaces => lists:sum([N || #{namespaces := N} <- Workers])}.

%% The table's port may have died since it was asked.
table_in_flight() ->
    case py_context:find() of
        {ok, #context{pending = Pending}} -> in_flight(Pending);
        {down, _} -> 0
    end.

pool(Options, Workers) -> (maps:with([isolation, size], Options))#{workers => Workers}.

%% All are asked before the first answer is waited for, each by a process that can be killed: a request that is
%% given up would be cancelled.
-dialyzer({nowarn_function, ask/2}).
ask(Status, Context) ->
    {Pid, Monitor} = spawn_monitor(fun() ->
                                           Unbounded = py_request:unbounded(Context),
                                           exit({told, py_request:call(Unbounded, ?OP_INFO, 0, [], infinity)})
                                   end),
    {Status, Context, Pid, Monitor}.

told({Status, #context{pending = Pending}, Pid, Monitor}, Deadline) ->
    Info = receive
               {'DOWN', Monitor, process, Pid, {told, {?REPLY_VALUE, Body}}} -> py_protocol:term(Body);
               {'DOWN', Monitor, process, Pid, _} -> #{}
           after max(0, Deadline - erlang:monotonic_time(millisecond)) ->
               exit(Pid, kill),
               true = erlang:demonitor(Monitor, [flush]),
               #{}
           end,
    Info#{status => Status, in_flight => in_flight(Pending)}.

in_flight(Pending) ->
    case py_pending:size(Pending) of
        N when is_integer(N) -> N;
        undefined -> 0
    end.
