%% @private The pools that run. Which they are stands in py_tables, so that a restart finds also those that were
%% started later.
-module(py_pool_sup).

-behaviour(supervisor).

-export([start_link/0, start_pool/1, stop_pool/1, init/1]).

-spec start_link() -> supervisor:startlink_ret().
start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).

%% @doc Starts a pool that stands in the tables; returns when its interpreters take calls.
-spec start_pool(atom()) -> {ok, pid()} | {error, term()}.
start_pool(Pool) ->
    case supervisor:start_child(?MODULE, child(Pool)) of
        {ok, Pid} when is_pid(Pid) -> {ok, Pid};
        {error, {Why, Child}} when element(1, Child) =:= child -> {error, Why};
        {error, _} = Error -> Error
    end.

%% @doc Returns when its OS processes are gone.
-spec stop_pool(atom()) -> ok | {error, not_found}.
stop_pool(Pool) ->
    case supervisor:terminate_child(?MODULE, Pool) of
        ok ->
            _ = supervisor:delete_child(?MODULE, Pool),
            ok;
        {error, not_found} = Error -> Error
    end.

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    Children = [child(Pool) || {Pool, _} <- py_tables:pools()],
    {ok, {#{strategy => one_for_one, intensity => 5, period => 10}, Children}}.

child(Pool) ->
    #{id => Pool, start => {py_keeper_sup, start_link, [python, Pool]}, type => supervisor, shutdown => infinity}.
