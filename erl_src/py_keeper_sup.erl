%% @private The supervisor of the table's port, or of a pool: the supervisor of its ports, and their keeper.
%%
%% one_for_all: neither is of use without the other. Port programs that die are no crashes here, however often:
%% their py_port are temporary, and the keeper starts others.
-module(py_keeper_sup).

-behaviour(supervisor).

-export([start_link/2, init/1]).

-spec start_link(py_backoff:role(), atom()) -> supervisor:startlink_ret().
start_link(Role, Pool) -> supervisor:start_link(?MODULE, {Role, Pool}).

-spec init({py_backoff:role(), atom()}) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init({_, Pool} = What) ->
    Children = [#{id => ports, start => {py_port_sup, start_link, [Pool]}, type => supervisor, shutdown => infinity},
                #{id => keeper, start => {py_keeper, start_link, [What]}}],
    {ok, {#{strategy => one_for_all, intensity => 5, period => 10}, Children}}.
