%% @private The ports of one pool, or the table's. Which there are is the keeper's to say.
-module(py_port_sup).

-behaviour(supervisor).

-export([start_link/1, init/1]).

-spec start_link(atom()) -> supervisor:startlink_ret().
start_link(Pool) -> supervisor:start_link(?MODULE, Pool).

-spec init(atom()) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init(Pool) ->
    ok = py_tables:put_server({ports, Pool}, self()),
    Port = #{id => py_port, start => {py_port, start_link, []}, restart => temporary, shutdown => 15000},
    {ok, {#{strategy => simple_one_for_one}, [Port]}}.
