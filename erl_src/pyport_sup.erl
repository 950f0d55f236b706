%% @private The supervisor: py_owner, py_log and py_port, and the tables that outlive each of them.
%%
%% one_for_one: py_owner and py_port hold nothing of each other. What py_owner must remember stands in
%% tables of this process (py_tables), and everything that belongs to one port program carries its incarnation.
-module(pyport_sup).

-behaviour(supervisor).

-export([start_link/1, init/1]).

-spec start_link(pyport:options()) -> {ok, pid()} | {error, term()}.
start_link(Options) ->
    case ready(Options) of
        {ok, Config} -> reason(supervisor:start_link({local, ?MODULE}, ?MODULE, Config));
        {error, _} = Error -> Error
    end.

%% What can be wrong before anything runs is said here, in words, instead of by a restart loop.
ready(Options) ->
    case {whereis(?MODULE), pyport_config:load(Options)} of
        {Pid, _} when is_pid(Pid) -> {error, {already_started, Pid}};
        {undefined, {ok, #{program := Program} = Config}} ->
            case pyport_config:check_program(Program) of
                ok -> {ok, Config};
                Error -> Error
            end;
        {undefined, Error} -> Error
    end.

reason({error, {shutdown, {failed_to_start_child, py_port, Why}}}) -> {error, Why};
reason(Result) -> Result.

-spec init(pyport_config:config()) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init(Config) ->
    ok = py_tables:create(),
    Children = [#{id => py_owner, start => {py_owner, start_link, []}},
                #{id => py_log, start => {py_log, start_link, [Config]}},
                #{id => py_port, start => {py_port, start_link, [Config]}, shutdown => 15000}],
    {ok, {#{strategy => one_for_one, intensity => 5, period => 10}, Children}}.
