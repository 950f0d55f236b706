-module(shop_sup).

-behaviour(supervisor).

-export([start_link/0, init/1]).

start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    {ok, {#{strategy => one_for_one},
          [pyport:child_spec(#{interpreters => 2, python_path => [python_folder()]})]}}.

python_folder() -> filename:join(code:priv_dir(shop), "python").
