%% @private Names of dicts that are known in a whole cluster: a process for each such dict on the node where it lives,
%% registered with OTP's `global' under `{pyport_dict, Name}'.
%%
%% The process ends when its dict is deleted there. When two parts of a cluster that both made the name meet, `global' ends
%% one of the two processes; its dict stays on its node, under its name there.
-module(py_global).

-behaviour(gen_server).

-export([open/3, forget/1, start_link/1, start_supervisor/0]).
-export([init/1, handle_call/3, handle_cast/2]).

-define(SUPERVISOR, py_global_sup).
-define(ID(Name), {pyport_dict, Name}).

%% @doc The dict of that name, wherever in the cluster it is; made on this node if it is to be made.
-spec open(binary(), boolean(), py_options:sent()) -> py_dict:result({ok, py_handle:handle()} | missing).
open(Name, Create, Sent) ->
    case global:whereis_name(?ID(Name)) of
        Pid when is_pid(Pid) -> open_there(node(Pid), Name, {false, Sent});
        undefined when not Create -> missing;
        undefined -> made(Name, Sent)
    end.

%% One of all nodes at a time makes a name.
made(Name, Sent) ->
    Make = fun() ->
                   case global:whereis_name(?ID(Name)) of
                       Pid when is_pid(Pid) -> open_there(node(Pid), Name, {false, Sent});
                       undefined -> make_here(Name, Sent)
                   end
           end,
    global:trans({?ID(Name), self()}, Make, [node() | nodes()]).

make_here(Name, Sent) ->
    case py_named:open_here(Name, {true, Sent}) of
        {ok, _} = Opened ->
            case supervisor:start_child(?SUPERVISOR, [Name]) of
                {ok, _} -> Opened;
                {error, Why} -> {down, Why}
            end;
        Failure -> Failure
    end.

open_there(Node, Name, Options) when Node =:= node() -> py_named:open_here(Name, Options);
open_there(Node, Name, Options) ->
    try erpc:call(Node, py_named, open_here, [Name, Options])
    catch
        error:{erpc, noconnection} -> {nodedown, Node};
        _:Why -> {down, {Node, Why}}
    end.

%% @doc The dict of that name on this node is about to be deleted.
-spec forget(binary()) -> ok.
forget(Name) ->
    case global:whereis_name(?ID(Name)) of
        Pid when is_pid(Pid), node(Pid) =:= node() -> gen_server:stop(Pid);
        _ -> ok
    end.

%%% Processes

-spec start_supervisor() -> {ok, pid()} | {error, term()} | ignore.
start_supervisor() -> supervisor:start_link({local, ?SUPERVISOR}, ?MODULE, supervisor).

-spec start_link(binary()) -> {ok, pid()} | {error, term()} | ignore.
start_link(Name) -> gen_server:start_link({global, ?ID(Name)}, ?MODULE, {name, Name}, []).

-spec init(supervisor | {name, binary()}) -> {ok, term()}.
init(supervisor) ->
    {ok, {#{strategy => simple_one_for_one, intensity => 10, period => 10},
          [#{id => name, start => {?MODULE, start_link, []}, restart => transient}]}};
init({name, Name}) -> {ok, Name}.

-spec handle_call(term(), gen_server:from(), binary()) -> {reply, term(), binary()}.
handle_call(_Request, _From, Name) -> {reply, {error, unknown_request}, Name}.

-spec handle_cast(term(), binary()) -> {noreply, binary()}.
handle_cast(_Request, Name) -> {noreply, Name}.
